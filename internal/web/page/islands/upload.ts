// mm-upload sends the files of the form inside it piece by piece (tus 1.0.0), shows how far each is, and goes on where it broke off:
// after a lost connection by itself, after a reload when the same file is chosen again. Without this script the form sends them as
// one.

const piece = 32 << 20;
const longest = 30; // seconds between two attempts

const speaks = { "Tus-Resumable": "1.0.0", "Accept-Language": document.documentElement.lang };

class Refused extends Error {}

class Upload extends HTMLElement {
  connectedCallback(): void {
    const form = this.querySelector("form");
    form?.addEventListener("submit", (e) => {
      const input = form.querySelector<HTMLInputElement>("input[type=file]");
      if (!input?.files?.length) return;
      e.preventDefault();
      void this.all([...input.files]).then(() => form.reset());
    });
  }

  private async all(files: File[]): Promise<void> {
    for (const file of files) await this.one(file);
  }

  private async one(file: File): Promise<void> {
    const line = new Line(this, file.name);
    try {
      const url = await this.begin(file, line);
      await this.send(file, url, line);
      await this.finish(file, url, line);
    } catch (e) {
      if (line.stop.signal.aborted) line.say("stopped", {});
      else line.say("refused", { text: e instanceof Error ? e.message : String(e) }, true);
    }
    line.end();
    document.dispatchEvent(new CustomEvent("mm-news", { detail: "upload" }));
  }

  // begin finds the upload that this file belongs to, or makes one.
  private async begin(file: File, line: Line): Promise<string> {
    for (const url of [remembered(file), this.unfinished(file)]) {
      if (!url) continue;
      const answer = await fetch(url, { method: "HEAD", headers: speaks }).catch(() => undefined);
      if (answer?.ok && Number(answer.headers.get("Upload-Length")) === file.size) {
        const at = Number(answer.headers.get("Upload-Offset"));
        if (at < file.size) {
          line.say("resumed", { part: part(at, file.size) });
          remember(file, url);
          return url;
        }
      }
    }
    const answer = await fetch("/intake/uploads", {
      method: "POST",
      headers: { ...speaks, "Upload-Length": String(file.size), "Upload-Metadata": "filename " + base64(file.name) },
      signal: line.stop.signal,
    });
    if (answer.status !== 201) throw new Refused(await words(answer));
    const url = answer.headers.get("Location") ?? "";
    remember(file, url);
    return url;
  }

  private unfinished(file: File): string | undefined {
    for (const row of (this.dataset.unfinished ?? "").split("\n")) {
      const [id, size, ...name] = row.trim().split(":");
      if (Number(size) === file.size && name.join(":") === file.name) return "/intake/uploads/" + id;
    }
    return undefined;
  }

  private async send(file: File, url: string, line: Line): Promise<void> {
    let wait = 1;
    for (;;) {
      try {
        let at = await offset(url, line.stop.signal);
        while (at < file.size) {
          at = await patch(file, url, at, line);
          wait = 1;
        }
        return;
      } catch (e) {
        if (e instanceof Refused || line.stop.signal.aborted) throw e;
        line.say("again", { seconds: wait });
        await sleep(wait * 1000, line.stop.signal);
        wait = Math.min(2 * wait, longest);
      }
    }
  }

  private async finish(file: File, url: string, line: Line): Promise<void> {
    forget(file);
    const answer = await fetch(url, { headers: speaks });
    const what = (await answer.json()) as { state: string; text: string };
    if (what.state === "refused") line.say("refused", { text: what.text }, true);
    else line.say("done", {});
  }
}

// Line shows one file.
class Line {
  readonly stop = new AbortController();
  private box = document.createElement("div");
  private text = document.createElement("span");
  private bar = document.createElement("progress");
  private button = document.createElement("button");

  constructor(
    private host: HTMLElement,
    private name: string,
  ) {
    this.box.className = "bar";
    this.text.setAttribute("role", "status");
    this.bar.max = 100;
    this.bar.setAttribute("aria-label", name);
    this.button.type = "button";
    this.button.className = "outline";
    this.button.textContent = host.dataset.stop ?? "×";
    this.button.addEventListener("click", () => this.stop.abort());
    this.box.append(this.bar, this.text, this.button);
    host.append(this.box);
  }

  progress(done: number, total: number): void {
    this.bar.value = (done / total) * 100;
    this.say("sending", { part: part(done, total) });
  }

  say(key: string, holes: Record<string, string | number>, bad = false): void {
    let words = (this.host.dataset[key] ?? key).replace("{name}", () => this.name);
    for (const [k, v] of Object.entries(holes)) words = words.replace("{" + k + "}", () => String(v));
    if (this.text.textContent !== words) this.text.textContent = words;
    this.text.className = bad ? "bad" : "";
  }

  end(): void {
    this.button.remove();
    this.bar.remove();
  }
}

async function offset(url: string, signal: AbortSignal): Promise<number> {
  const answer = await fetch(url, { method: "HEAD", headers: speaks, signal });
  if (answer.status === 404 || answer.status === 403 || answer.status === 401) throw new Refused(await words(await fetch(url, { headers: speaks, signal })));
  if (!answer.ok) throw new Error(answer.statusText);
  return Number(answer.headers.get("Upload-Offset"));
}

// patch sends one piece; XMLHttpRequest, because fetch does not tell how far it is.
function patch(file: File, url: string, at: number, line: Line): Promise<number> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.open("PATCH", url);
    for (const [k, v] of Object.entries(speaks)) x.setRequestHeader(k, v);
    x.setRequestHeader("Upload-Offset", String(at));
    x.setRequestHeader("Content-Type", "application/offset+octet-stream");
    x.upload.addEventListener("progress", (e) => line.progress(at + e.loaded, file.size));
    x.addEventListener("error", () => reject(new Error("network")));
    x.addEventListener("abort", () => reject(new Error("stopped")));
    x.addEventListener("load", () => {
      if (x.status === 204) resolve(Number(x.getResponseHeader("Upload-Offset")));
      else if (x.status === 409 || x.status === 423 || x.status >= 500 && x.status !== 507) reject(new Error(x.statusText));
      else reject(new Refused(text(x.responseText)));
    });
    line.stop.signal.addEventListener("abort", () => x.abort(), { once: true });
    x.send(file.slice(at, at + piece));
  });
}

async function words(answer: Response): Promise<string> {
  return text(await answer.text());
}

function text(body: string): string {
  try {
    return (JSON.parse(body) as { error: { text: string } }).error.text;
  } catch {
    return body.slice(0, 200);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const t = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(t), reject(new Error("stopped"))), { once: true });
  });
}

const part = (done: number, total: number): number => Math.floor((done / Math.max(total, 1)) * 100);
const base64 = (s: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(s)));

// What is remembered over a reload: which upload a file belongs to. A browser that remembers nothing asks the list on the page.
const key = (f: File): string => `mm-upload:${f.name}:${f.size}:${f.lastModified}`;
function remembered(f: File): string | undefined {
  try {
    return localStorage.getItem(key(f)) ?? undefined;
  } catch {
    return undefined;
  }
}
function remember(f: File, url: string): void {
  try {
    localStorage.setItem(key(f), url);
  } catch {
    // private windows may refuse
  }
}
function forget(f: File): void {
  try {
    localStorage.removeItem(key(f));
  } catch {
    // private windows may refuse
  }
}

customElements.define("mm-upload", Upload);
