// The search box of the head: arrows walk through what was found, Escape closes it, "/" goes to the box. What is found comes from the
// server (hx-get on the box); without this script the box is a plain form.
const box = document.querySelector<HTMLInputElement>("#find");
const found = document.querySelector<HTMLElement>("#found");

if (box && found) {
  const links = (): HTMLElement[] => [...found.querySelectorAll<HTMLElement>("a")];
  const close = (): void => found.replaceChildren();

  const walk = (step: number): void => {
    const all = [box as HTMLElement, ...links()];
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[(at + step + all.length) % all.length]?.focus();
  };

  box.form?.addEventListener("keydown", (e) => {
    if (e.isComposing || !found.hasChildNodes()) return;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      walk(e.key === "ArrowDown" ? 1 : -1);
    } else if (e.key === "Escape") {
      close();
      box.focus();
    }
  });
  box.addEventListener("input", () => { if (box.value.trim() === "") close(); });
  document.addEventListener("click", (e) => { if (!box.form?.contains(e.target as Node)) close(); });
  document.addEventListener("keydown", (e) => {
    const t = e.target as HTMLElement;
    if (e.key === "/" && !e.ctrlKey && !e.metaKey && !/^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName) && !t.isContentEditable) {
      e.preventDefault();
      box.focus();
    }
  });
}
