// A long list of units is found in by typing: what does not match steps out of the list, what is chosen stays in it.

const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
// By its name, or by what people call it for short; characters may be left out between those that are typed.
const goesThrough = (named, word) => {
  let at = -1;
  return [...word].every((character) => { at = named.indexOf(character, at + 1); return at >= 0; });
};

function holds(one, asked) {
  return [one.textContent, one.dataset.also].some((named) => asked.every((word) => goesThrough(named.toLowerCase(), word)));
}

// An option cannot be hidden in every browser, so the list is made anew of those that match.
function ofSelect(select) {
  const first = [...select.children].filter((one) => one.tagName === "OPTION");
  const groups = [...select.querySelectorAll("optgroup")].map((group) => [group, [...group.children]]);
  return (asked) => {
    const found = groups.map(([group, all]) => {
      const kept = all.filter((one) => one.selected || holds(one, asked));
      group.replaceChildren(...kept);
      return [group, kept.filter((one) => holds(one, asked))];
    });
    select.replaceChildren(...first, ...found.map(([group]) => group).filter((group) => group.children.length > 0));
    return found.flatMap(([, matching]) => matching);
  };
}

function ofBoxes(place) {
  const labels = [...place.querySelectorAll("label")];
  return (asked) => {
    const found = labels.filter((label) => holds(label, asked));
    labels.forEach((label) => { label.hidden = !found.includes(label) && !label.control.checked; });
    place.querySelectorAll("[data-kind]").forEach((kind) => { kind.hidden = !kind.querySelector("label:not([hidden])"); });
    return found.map((label) => label.control);
  };
}

document.querySelectorAll("[data-finds]").forEach((field) => {
  const list = document.getElementById(field.dataset.finds);
  const isSelect = list.tagName === "SELECT";
  const narrow = (isSelect ? ofSelect : ofBoxes)(list);
  const said = document.getElementById(`${field.id}-said`);
  let found = [];
  field.hidden = false;
  field.addEventListener("input", () => {
    const asked = words(field.value);
    found = narrow(asked);
    said.textContent = asked.length === 0 ? "" : found.length === 0 ? field.dataset.none
      : field.dataset.some.replace("{count}", found.length);
    if (asked.length === 0) found = [];
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey) return;
    event.preventDefault();
    if (found.length === 0) return;
    if (isSelect) list.value = found[0].value;
    else found[0].checked = true;
    list.dispatchEvent(new Event("input", { bubbles: true }));
    said.textContent = field.dataset.taken.replace("{name}", isSelect ? found[0].text : found[0].closest("label").textContent.trim());
  });
});
