// <mm-copy for="ID" label="..." done="...">: a button that copies the text of a field. Without script there is no button: people select
// and copy by hand.
class Copy extends HTMLElement {
  connectedCallback(): void {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = this.getAttribute("label");
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      const field = document.getElementById(this.getAttribute("for") ?? "");
      if (!(field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement)) return;
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        field.select(); // no right to the clipboard: what is selected can be copied with the keyboard
        return;
      }
      said.textContent = this.getAttribute("done");
    });
    this.replaceChildren(button, " ", said);
  }
}
customElements.define("mm-copy", Copy);
