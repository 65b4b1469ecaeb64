// Says when a telephone number has a length that numbers seldom have; it is taken all the same.

const field = document.querySelector("#phone");
const note = document.querySelector("[data-phone-note]");

function isUsual(text) {
  const digits = text.normalize("NFKC").replace(/^\+?86/, "").replace(/\D/g, "");
  // A mobile number; a landline with or without its area code; a short number.
  return /^1\d{10}$/.test(digits) || /^(0\d{2,3})?\d{7,8}$/.test(digits) || /^\d{5}$/.test(digits);
}

field.addEventListener("change", () => {
  note.textContent = field.value.trim() && !isUsual(field.value) ? note.dataset.odd : "";
});
