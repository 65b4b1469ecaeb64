// Texts kept ready, put into a reply where the cursor is: chosen from the list, or by a slash, the code and a blank.

function put(area, body, from, to) {
  area.focus();
  area.setRangeText(body, from, to, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

document.querySelectorAll("[data-canned]").forEach((row) => {
  const area = document.getElementById(row.dataset.canned);
  const list = row.querySelector("select");
  const bodyOf = (code) => [...list.options].find((one) => one.value === code && code)?.dataset.body;
  row.querySelector("button").addEventListener("click", () => {
    const body = bodyOf(list.value);
    if (body) put(area, body, area.selectionStart, area.selectionEnd);
  });
  area.addEventListener("input", (event) => {
    if (event.isComposing) return;
    const typed = area.value.slice(0, area.selectionStart);
    const found = /(?:^|\s|[，。；！？])[/／]([0-9A-Za-z\u4e00-\u9fff]{1,20})\s$/.exec(typed);
    const body = found && bodyOf(found[1]);
    if (body) put(area, body, typed.length - found[1].length - 2, typed.length);
  });
});
