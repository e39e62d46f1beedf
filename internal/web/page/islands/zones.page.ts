// <mm-zones src label hint>: the board of zones on a canvas, to be moved and enlarged. The picture inside it is shown until the data are
// there, and stays when there is no script; the table beside it says the same in words. Keys: arrows move, + and - enlarge, 0 shows all.
interface Host { id: string; ip: string; class: string; risk: "act" | "watch" | "fine"; x: number; y: number }
interface Zone { name: string; x: number; y: number; w: number; h: number; act: number; watch: number; hosts: Host[] }
interface Board { w: number; h: number; zones: Zone[]; links: { from: string; to: string }[] }

const colors = { act: "#ce0000", watch: "#b05a00", fine: "#b3b3b3" } as const;
const font = '"BIZ UDPGothic","Noto Sans JP","Noto Sans CJK JP",sans-serif';
const smallest = 0.5, largest = 40, step = 1.25;

class Zones extends HTMLElement {
  private board: Board | null = null;
  private canvas = document.createElement("canvas");
  private said = document.createElement("p");
  private scale = 1;
  private fit = 1;
  private left = 0;
  private top = 0;
  private asked = false;
  private moved = false;
  private layer: OffscreenCanvas | null = null;
  private layerScale = 0;

  async connectedCallback(): Promise<void> {
    const res = await fetch(this.getAttribute("src") ?? "");
    if (!res.ok) return; // the picture stays
    this.board = (await res.json()) as Board;
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", [this.getAttribute("label"), this.getAttribute("hint")].join("。"));
    this.said.setAttribute("role", "status");
    this.said.className = "hint";
    this.said.textContent = this.getAttribute("hint");
    this.replaceChildren(this.canvas, this.said);
    this.listen();
    new ResizeObserver(() => this.resize()).observe(this);
    this.resize();
    this.dataset.ready = "1";
  }

  private resize(): void {
    const b = this.board;
    if (!b) return;
    const width = Math.max(200, this.clientWidth), height = Math.max(160, Math.min(width * b.h / b.w, innerHeight * 0.7));
    const ratio = devicePixelRatio || 1, w = Math.round(width * ratio), h = Math.round(height * ratio);
    if (w === this.canvas.width && h === this.canvas.height) return;
    this.canvas.width = w;
    this.canvas.height = h;
    this.canvas.style.width = width + "px";
    this.canvas.style.height = height + "px";
    this.fit = Math.min(w / b.w, h / b.h);
    this.all();
    this.draw(); // at once: a new size empties the canvas
  }

  private all(): void {
    const b = this.board;
    if (!b) return;
    this.scale = this.fit;
    this.left = (this.canvas.width - b.w * this.scale) / 2;
    this.top = (this.canvas.height - b.h * this.scale) / 2;
    this.ask();
  }

  private ask(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.draw();
    });
  }

  // draw shows a layer that was painted before; while it is moved nothing is painted anew.
  private draw(): void {
    const b = this.board, x = this.canvas.getContext("2d", { alpha: false });
    if (!b || !x) return;
    x.fillStyle = "#fff";
    x.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (b.w * this.scale * b.h * this.scale > 16e6) { // too large to keep: only what is seen is painted
      this.paint(x, this.scale, this.left, this.top, this.canvas.width, this.canvas.height);
      return;
    }
    if (!this.layer || this.layerScale !== this.scale) {
      this.layer = new OffscreenCanvas(Math.ceil(b.w * this.scale) + 2, Math.ceil(b.h * this.scale) + 2);
      const y = this.layer.getContext("2d", { alpha: false });
      if (!y) return;
      y.fillStyle = "#fff";
      y.fillRect(0, 0, this.layer.width, this.layer.height);
      this.paint(y, this.scale, 0, 0, this.layer.width, this.layer.height);
      this.layerScale = this.scale;
    }
    x.drawImage(this.layer, this.left, this.top);
  }

  private paint(x: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, k: number, left: number, top: number, width: number, height: number): void {
    const b = this.board;
    if (!b) return;
    const at = new Map<string, [number, number]>();
    for (const z of b.zones) {
      const zx = left + z.x * k, zy = top + z.y * k;
      for (const h of z.hosts) at.set(h.id, [left + h.x * k, top + h.y * k]);
      if (zx > width || zy > height || zx + z.w * k < 0 || zy + z.h * k < 0) continue;
      x.fillStyle = "#f2f2f2";
      x.strokeStyle = "#595959";
      x.lineWidth = 1;
      x.fillRect(zx, zy, z.w * k, z.h * k);
      x.strokeRect(zx + 0.5, zy + 0.5, z.w * k - 1, z.h * k - 1);
      this.name(x, z, zx, zy, k);
      this.hosts(x, z, left, top, k);
    }
    x.strokeStyle = "rgba(206,0,0,.75)";
    x.lineWidth = Math.max(1, k / 10);
    x.beginPath();
    for (const l of b.links) {
      const from = at.get(l.from), to = l.to ? at.get(l.to) : [left + b.w * k / 2, top] as [number, number];
      if (!from || !to) continue;
      x.moveTo(...from);
      x.lineTo(...to);
    }
    x.stroke();
  }

  private name(x: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, z: Zone, zx: number, zy: number, k: number): void {
    const size = Math.min(28, Math.max(9, k * 1.1));
    x.font = `bold ${size}px ${font}`;
    x.fillStyle = "#1a1a1a";
    let text = `${z.name} ${z.hosts.length}`;
    while (text.length > 2 && x.measureText(text).width > z.w * k - 8) text = text.slice(0, -2) + "…";
    x.fillText(text, zx + 4, zy + Math.min(k * 1.5, size + 4));
  }

  private hosts(x: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, z: Zone, left: number, top: number, k: number): void {
    const s = k * 0.74;
    x.fillStyle = colors.fine;
    for (const h of z.hosts) if (h.risk === "fine") x.fillRect(left + h.x * k - s / 2, top + h.y * k - s / 2, s, s);
    x.fillStyle = colors.watch;
    x.beginPath();
    for (const h of z.hosts) {
      if (h.risk !== "watch") continue;
      const cx = left + h.x * k, cy = top + h.y * k;
      x.moveTo(cx, cy - s / 2);
      x.lineTo(cx + s / 2, cy + s / 2);
      x.lineTo(cx - s / 2, cy + s / 2);
      x.closePath();
    }
    x.fill();
    x.fillStyle = colors.act;
    for (const h of z.hosts) if (h.risk === "act") x.fillRect(left + h.x * k - k * 0.46, top + h.y * k - k * 0.46, k * 0.92, k * 0.92);
  }

  private zoom(factor: number, px: number, py: number): void {
    const next = Math.min(this.fit * largest, Math.max(this.fit * smallest, this.scale * factor)), f = next / this.scale;
    this.left = px - (px - this.left) * f;
    this.top = py - (py - this.top) * f;
    this.scale = next;
    this.ask();
  }

  // find gives the host under a place of the canvas.
  private find(px: number, py: number): Host | undefined {
    const bx = (px - this.left) / this.scale, by = (py - this.top) / this.scale;
    const zone = this.board?.zones.find((z) => bx >= z.x && by >= z.y && bx <= z.x + z.w && by <= z.y + z.h);
    return zone?.hosts.find((h) => Math.abs(h.x - bx) < 0.5 && Math.abs(h.y - by) < 0.5);
  }

  private listen(): void {
    const c = this.canvas, place = (e: MouseEvent): [number, number] => {
      const r = c.getBoundingClientRect(), k = c.width / r.width;
      return [(e.clientX - r.left) * k, (e.clientY - r.top) * k];
    };
    let from: [number, number] | null = null;
    c.addEventListener("pointerdown", (e) => {
      from = place(e);
      this.moved = false;
      c.setPointerCapture(e.pointerId);
    });
    c.addEventListener("pointermove", (e) => {
      const now = place(e);
      if (from) {
        if (Math.abs(now[0] - from[0]) + Math.abs(now[1] - from[1]) < 4 && !this.moved) return;
        this.moved = true;
        this.left += now[0] - from[0];
        this.top += now[1] - from[1];
        from = now;
        this.ask();
        return;
      }
      const h = this.find(...now);
      c.style.cursor = h ? "pointer" : "grab";
      c.title = h ? `${h.ip || h.id} ${h.class}` : "";
    });
    c.addEventListener("pointerup", (e) => {
      from = null;
      const h = this.moved ? undefined : this.find(...place(e));
      if (h) location.href = "/hosts/" + encodeURIComponent(h.id);
    });
    c.addEventListener("wheel", (e) => {
      if (!e.ctrlKey && document.activeElement !== c) return; // the page scrolls until the board is chosen
      e.preventDefault();
      this.zoom(e.deltaY < 0 ? step : 1 / step, ...place(e));
    }, { passive: false });
    c.addEventListener("keydown", (e) => {
      const move = c.width / 10, at: [number, number] = [c.width / 2, c.height / 2];
      switch (e.key) {
        case "ArrowLeft": this.left += move; break;
        case "ArrowRight": this.left -= move; break;
        case "ArrowUp": this.top += move; break;
        case "ArrowDown": this.top -= move; break;
        case "+": case ";": this.zoom(step, ...at); break;
        case "-": this.zoom(1 / step, ...at); break;
        case "0": this.all(); break;
        default: return;
      }
      e.preventDefault();
      this.ask();
    });
  }
}
customElements.define("mm-zones", Zones);
