// mm-live keeps parts of a page up to date. Parts are elements with an id and data-live="NAMES OF EVENTS"; when one of the events
// comes, the page is fetched again and the parts are replaced, at most once in two seconds, and never under somebody's hands.
// Without this script, reloading the page does the same.

const pause = 2000;

class Live extends HTMLElement {
  private source?: EventSource;
  private waiting = new Set<string>();
  private timer = 0;
  private last = 0;

  connectedCallback(): void {
    document.addEventListener("visibilitychange", this.look);
    document.addEventListener("mm-news", this.told);
    this.look();
  }

  disconnectedCallback(): void {
    document.removeEventListener("visibilitychange", this.look);
    document.removeEventListener("mm-news", this.told);
    this.source?.close();
    this.source = undefined;
    clearTimeout(this.timer);
  }

  // A page that nobody looks at does not listen: browsers allow few connections to one server.
  private look = (): void => {
    if (document.hidden) {
      this.source?.close();
      this.source = undefined;
      return;
    }
    if (this.source) return;
    this.source = new EventSource("/events");
    for (const name of this.names()) this.source.addEventListener(name, () => this.news(name));
  };

  private told = (e: Event): void => this.news(String((e as CustomEvent<string>).detail));

  private parts(): HTMLElement[] {
    return [...document.querySelectorAll<HTMLElement>("[data-live][id]")];
  }

  private names(): Set<string> {
    return new Set(this.parts().flatMap((p) => (p.dataset.live ?? "").split(" ")));
  }

  private news(name: string): void {
    this.waiting.add(name);
    if (this.timer) return;
    this.timer = window.setTimeout(() => void this.refresh(), Math.max(0, this.last + pause - Date.now()));
  }

  private async refresh(): Promise<void> {
    const names = this.waiting;
    this.waiting = new Set();
    this.last = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, redirect: "error" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of this.parts()) {
        if ((part.dataset.live ?? "").split(" ").some((n) => names.has(n))) replace(part, fresh);
      }
    } catch {
      // The server is away for a moment; EventSource comes back by itself and brings news.
    } finally {
      this.last = Date.now();
      this.timer = 0;
      for (const name of this.waiting) this.news(name);
    }
  }
}

function replace(part: HTMLElement, fresh: Document): void {
  const next = fresh.getElementById(part.id);
  if (!next || next.innerHTML === part.innerHTML) return;
  if (part.contains(document.activeElement) && document.activeElement !== part) return;
  const chosen = new Map<string, boolean>();
  part.querySelectorAll<HTMLInputElement>("input[type=checkbox]").forEach((x) => chosen.set(x.name + x.value, x.checked));
  part.replaceChildren(...next.childNodes);
  part.querySelectorAll<HTMLInputElement>("input[type=checkbox]").forEach((x) => {
    x.checked = chosen.get(x.name + x.value) ?? x.checked;
  });
}

customElements.define("mm-live", Live);
