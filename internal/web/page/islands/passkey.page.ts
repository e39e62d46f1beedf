// Passkeys, which browsers offer to scripts only. The element holds a button, which is shown where passkeys work, and a place for
// what went wrong. data-do: get (sign in) or create; data-base: where the options come from (+"/options") and the answer goes.
export {};

type Options = { ticket: string; options: { publicKey: Record<string, unknown> } };
type Reply = { next?: string; codes?: string[] | null; error?: { text: string } };

const bytes = (s: unknown): ArrayBuffer => {
  const b = atob(String(s).replaceAll("-", "+").replaceAll("_", "/"));
  const out = new Uint8Array(b.length);
  for (let i = 0; i < b.length; i++) out[i] = b.charCodeAt(i);
  return out.buffer;
};
const text = (b: ArrayBuffer | null): string | undefined =>
  b === null ? undefined : btoa(String.fromCharCode(...new Uint8Array(b))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const named = (xs: unknown): PublicKeyCredentialDescriptor[] | undefined =>
  Array.isArray(xs) ? xs.map((x: { id: string }) => ({ ...x, id: bytes(x.id), type: "public-key" as const })) : undefined;

async function send(url: string, body: unknown): Promise<unknown> {
  const r = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const v = (await r.json()) as Reply;
  if (!r.ok) throw new Error(v.error?.text ?? "");
  return v;
}

async function create(o: Record<string, unknown>): Promise<unknown> {
  const user = o.user as { id: string; name: string; displayName: string };
  const c = (await navigator.credentials.create({
    publicKey: { ...o, challenge: bytes(o.challenge), user: { ...user, id: bytes(user.id) }, excludeCredentials: named(o.excludeCredentials) } as PublicKeyCredentialCreationOptions,
  })) as PublicKeyCredential;
  const r = c.response as AuthenticatorAttestationResponse;
  return {
    id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(), authenticatorAttachment: c.authenticatorAttachment,
    response: { clientDataJSON: text(r.clientDataJSON), attestationObject: text(r.attestationObject), transports: r.getTransports() },
  };
}

async function get(o: Record<string, unknown>): Promise<unknown> {
  const c = (await navigator.credentials.get({
    publicKey: { ...o, challenge: bytes(o.challenge), allowCredentials: named(o.allowCredentials) } as PublicKeyCredentialRequestOptions,
  })) as PublicKeyCredential;
  const r = c.response as AuthenticatorAssertionResponse;
  return {
    id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(), authenticatorAttachment: c.authenticatorAttachment,
    response: { clientDataJSON: text(r.clientDataJSON), authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: text(r.userHandle) },
  };
}

class Passkey extends HTMLElement {
  connectedCallback(): void {
    // Browsers allow passkeys on names only, and the server says so too: on an address the button is not offered.
    if (!("PublicKeyCredential" in window) || /^[\d.]+$|:/.test(location.hostname)) return;
    for (const x of this.querySelectorAll<HTMLElement>("button, h2, label")) x.hidden = false;
    const button = this.querySelector("button");
    button?.addEventListener("click", () => {
      button.disabled = true;
      this.run().catch((e: unknown) => this.failed(e)).finally(() => (button.disabled = false));
    });
  }

  private async run(): Promise<void> {
    const d = this.dataset, base = d.base ?? "";
    const o = (await send(base + "/options", {})) as Options;
    const answer = d.do === "create" ? await create(o.options.publicKey) : await get(o.options.publicKey);
    const name = this.querySelector("input")?.value ?? "";
    const reply = (await send(base, { ticket: o.ticket, name, next: d.next ?? "/", answer })) as Reply;
    if (reply.codes && reply.codes.length > 0) this.show(reply.codes, reply.next ?? "/");
    else location.assign(reply.next ?? "/");
  }

  // The recovery codes are shown this once.
  private show(codes: string[], next: string): void {
    const p = document.createElement("p"), list = document.createElement("ul"), on = document.createElement("a");
    p.textContent = this.dataset.codes ?? "";
    list.className = "list";
    for (const c of codes) {
      const li = document.createElement("li"), code = document.createElement("code");
      code.textContent = c;
      li.append(code);
      list.append(li);
    }
    on.className = "button";
    on.href = next;
    on.textContent = this.dataset.on ?? "";
    this.replaceChildren(p, list, on);
    on.focus();
  }

  private failed(e: unknown): void {
    const p = this.querySelector<HTMLElement>("[role=alert]");
    if (!p) return;
    p.hidden = false;
    // A DOMException is the browser's or the person's doing: our words; an Error from the server has its own.
    p.textContent = e instanceof DOMException || !(e instanceof Error) || e.message === "" ? (this.dataset.failed ?? "") : e.message;
  }
}
customElements.define("mimawari-passkey", Passkey);
