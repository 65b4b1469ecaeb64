// Says that files are too many or too large before they are sent: a server that stops reading loses what was typed.

const MB = 1024 * 1024;

function faultOf(field) {
  const sizes = [...field.files].map((file) => file.size);
  const { most, each, all, tooMany, tooLarge } = field.dataset;
  if (sizes.length > Number(most)) return tooMany;
  const sum = sizes.reduce((total, size) => total + size, 0);
  return sum > Number(all) * MB || sizes.some((size) => size > Number(each) * MB) ? tooLarge : "";
}

document.querySelectorAll('input[type="file"][data-most]').forEach((field) => {
  const note = field.parentElement.querySelector("[data-files-note]");
  const tell = () => { note.textContent = faultOf(field); };

  field.addEventListener("change", tell);
  field.form.addEventListener("submit", (event) => {
    tell();
    if (note.textContent) {
      event.preventDefault();
      event.stopImmediatePropagation(); // nothing else may send it
      field.focus();
    }
  }, true);
});
