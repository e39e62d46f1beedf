// <mm-zones>: the zone board on a canvas. Places come from the server; here they are only drawn, moved and pointed at. The board is
// drawn into a hidden canvas once; moving it copies that, so that a frame costs the same for 10 hosts and for 20,000.
type Box = [name: string, x: number, y: number, w: number, h: number, cols: number, first: number, n: number, act: number, watch: number, undeclared: boolean];
interface Board { edition: string; w: number; h: number; head: number; margin: number; boxes: Box[]; risk: string; links: [number, number, number][] }
type Named = [id: string, name: string, ip: string, kind: string];

const paint = { back: "#ffffff", box: "#f2f2f2", edge: "#595959", text: "#1a1a1a", fine: "#b3b3b3", act: "#ce0000", watch: "#a34d00", focus: "#000000", glow: "#ffd43d" };
const font = '"BIZ UDPGothic", "Noto Sans JP", "Noto Sans CJK JP", sans-serif';
const chunk = 64;

class Zones extends HTMLElement {
  private board!: Board;
  private canvas = document.createElement("canvas");
  private cache = document.createElement("canvas");
  private words = document.createElement("p");
  private k = 1; private ox = 0; private oy = 0; // a cell is k pixels; the board begins at ox, oy
  private ck = 0; private cx = 0; private cy = 0; // the same of what is in the cache, from its corner
  private at = -1; // the cell that is chosen
  private names = new Map<number, Promise<Named[]>>();
  private drag: { x: number; y: number; moved: boolean } | null = null;
  private waiting = false; private later = 0;

  async connectedCallback(): Promise<void> {
    try {
      const r = await fetch(this.getAttribute("src") ?? "");
      if (!r.ok) throw new Error(String(r.status));
      this.board = await r.json() as Board;
    } catch {
      this.textContent = this.dataset.failed ?? "";
      return;
    }
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", `${this.dataset.label ?? ""} ${this.dataset.hint ?? ""}`);
    this.words.className = "hint";
    this.words.setAttribute("role", "status");
    this.words.textContent = this.dataset.hint ?? "";
    this.replaceChildren(this.canvas, this.words);
    this.listen();
    new ResizeObserver(() => this.fit()).observe(this.canvas);
    this.fit();
  }

  private get width(): number { return this.canvas.clientWidth; }
  private get height(): number { return this.canvas.clientHeight; }

  // fit shows the whole board.
  private fit(): void {
    const dpr = devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(this.width * dpr));
    this.canvas.height = Math.max(1, Math.round(this.height * dpr));
    this.k = Math.min((this.width - 8) / this.board.w, (this.height - 8) / this.board.h, 26);
    this.ox = (this.width - this.board.w * this.k) / 2;
    this.oy = 4;
    this.redraw();
    document.documentElement.dataset.zones = "ready";
  }

  private frame(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.show(); });
  }

  // redraw draws the board again into the cache: half a window more than is seen on each side.
  private redraw(): void {
    const dpr = devicePixelRatio || 1, mx = this.width / 2, my = this.height / 2;
    const w = Math.round((this.width + 2 * mx) * dpr), h = Math.round((this.height + 2 * my) * dpr);
    if (this.cache.width !== w || this.cache.height !== h) { this.cache.width = w; this.cache.height = h; }
    this.ck = this.k; this.cx = this.ox + mx; this.cy = this.oy + my;
    const c = this.cache.getContext("2d", { alpha: false });
    if (!c) return;
    c.setTransform(dpr, 0, 0, dpr, 0, 0);
    c.fillStyle = paint.back;
    c.fillRect(0, 0, this.width + 2 * mx, this.height + 2 * my);
    c.translate(this.cx, this.cy);
    const left = -this.cx / this.k, top = -this.cy / this.k, right = left + (this.width + 2 * mx) / this.k, bottom = top + (this.height + 2 * my) / this.k;
    for (const b of this.board.boxes) if (b[1] < right && b[1] + b[3] > left && b[2] < bottom && b[2] + b[4] > top) this.drawBox(c, b, left, top, right, bottom);
    this.drawLinks(c);
    this.show();
  }

  private drawBox(c: CanvasRenderingContext2D, b: Box, left: number, top: number, right: number, bottom: number): void {
    const k = this.k, [name, x, y, w, h, cols, first, n] = b, risk = this.board.risk;
    c.fillStyle = paint.box; c.strokeStyle = paint.edge; c.lineWidth = 1;
    c.setLineDash(b[10] ? [6, 4] : []);
    c.fillRect(x * k, y * k, w * k, h * k);
    c.strokeRect(x * k, y * k, w * k, h * k);
    c.setLineDash([]);
    const x0 = x + this.board.margin, y0 = y + this.board.head, rows = Math.ceil(n / cols);
    const r0 = Math.max(0, Math.floor(top - y0)), r1 = Math.min(rows, Math.ceil(bottom - y0));
    const c0 = Math.max(0, Math.floor(left - x0)), c1 = Math.min(cols, Math.ceil(right - x0));
    const side = k * 0.76, off = k * 0.12;
    c.fillStyle = paint.fine;
    const strong: number[] = [];
    for (let r = r0; r < r1; r++) {
      for (let q = c0; q < c1; q++) {
        const i = r * cols + q;
        if (i >= n) break;
        if (risk.charCodeAt(first + i) !== 48) { strong.push(first + i, q, r); continue; }
        c.fillRect((x0 + q) * k + off, (y0 + r) * k + off, side, side);
      }
    }
    for (let j = 0; j < strong.length; j += 3) this.drawRisk(c, strong[j] ?? 0, (x0 + (strong[j + 1] ?? 0)) * k, (y0 + (strong[j + 2] ?? 0)) * k);
    this.label(c, `${name} ${n}`, x * k + 4, y * k, w * k - 8, Math.max(9, Math.min(15, k * 1.3)));
  }

  private drawRisk(c: CanvasRenderingContext2D, cell: number, x: number, y: number): void {
    const k = this.k;
    if (this.board.risk.charCodeAt(cell) === 50) {
      c.fillStyle = paint.act;
      c.fillRect(x + 0.03 * k, y + 0.03 * k, 0.94 * k, 0.94 * k);
      return;
    }
    c.fillStyle = paint.watch;
    c.beginPath();
    c.moveTo(x + k / 2, y + 0.03 * k); c.lineTo(x + 0.97 * k, y + 0.97 * k); c.lineTo(x + 0.03 * k, y + 0.97 * k);
    c.fill();
  }

  private label(c: CanvasRenderingContext2D, s: string, x: number, y: number, room: number, size: number): void {
    if (this.k * this.board.head < size) size = this.k * this.board.head * 0.9;
    if (size < 5) return;
    c.font = `bold ${size}px ${font}`;
    c.fillStyle = paint.text;
    let t = s;
    while (t.length > 1 && c.measureText(t).width > room) t = t.slice(0, -2) + "…";
    c.fillText(t, x, y + size + 1);
  }

  private middle(cell: number): [number, number] {
    const b = this.boxOf(cell);
    if (!b) return [0, 0];
    const i = cell - b[6];
    return [b[1] + this.board.margin + i % b[5] + 0.5, b[2] + this.board.head + Math.floor(i / b[5]) + 0.5];
  }

  private boxOf(cell: number): Box | undefined { return this.board.boxes.find((b) => cell >= b[6] && cell < b[6] + b[7]); }

  // drawLinks draws the worst lines between hosts, and one line a zone to the outside.
  private drawLinks(c: CanvasRenderingContext2D): void {
    const out = new Map<Box, number>();
    let lines = 0;
    for (const [from, to, risk] of this.board.links) {
      if (to < 0) {
        const b = this.boxOf(from);
        if (b) out.set(b, Math.max(out.get(b) ?? 0, risk));
      } else if (lines++ < 60) this.line(c, this.middle(from), this.middle(to), risk, 1.2);
    }
    if (out.size === 0) return;
    const mid: [number, number] = [this.board.w / 2, 0.8];
    for (const [b, risk] of out) this.line(c, [b[1] + b[3] / 2, b[2]], mid, risk, 1.8);
    const s = this.dataset.internet ?? "";
    c.font = `bold 12px ${font}`;
    const w = c.measureText(s).width + 16;
    c.fillStyle = paint.back; c.strokeStyle = paint.text; c.lineWidth = 1.5;
    c.beginPath(); c.roundRect(mid[0] * this.k - w / 2, mid[1] * this.k - 10, w, 20, 10); c.fill(); c.stroke();
    c.fillStyle = paint.text;
    c.fillText(s, mid[0] * this.k - w / 2 + 8, mid[1] * this.k + 4);
  }

  private line(c: CanvasRenderingContext2D, a: [number, number], b: [number, number], risk: number, width: number): void {
    c.strokeStyle = risk > 1 ? paint.act : paint.watch;
    c.lineWidth = width;
    c.setLineDash(risk > 1 ? [] : [6, 4]);
    c.beginPath(); c.moveTo(a[0] * this.k, a[1] * this.k); c.lineTo(b[0] * this.k, b[1] * this.k); c.stroke();
    c.setLineDash([]);
  }

  // show copies the cache to where the board is now and marks the chosen cell.
  private show(): void {
    const c = this.canvas.getContext("2d", { alpha: false });
    if (!c || this.ck === 0) return;
    const dpr = devicePixelRatio || 1, f = this.k / this.ck;
    c.setTransform(dpr, 0, 0, dpr, 0, 0);
    const x = this.ox - this.cx * f, y = this.oy - this.cy * f, w = this.cache.width / dpr * f, h = this.cache.height / dpr * f;
    if (x > 0 || y > 0 || x + w < this.width || y + h < this.height) { c.fillStyle = paint.back; c.fillRect(0, 0, this.width, this.height); }
    c.imageSmoothingEnabled = false;
    c.drawImage(this.cache, x, y, w, h);
    if (f !== 1 || x > 0 || y > 0 || x + w < this.width || y + h < this.height) this.soon();
    if (this.at >= 0) this.mark(c);
  }

  // soon draws sharply again when the hand rests.
  private soon(): void {
    clearTimeout(this.later);
    this.later = window.setTimeout(() => this.redraw(), 90);
  }

  private mark(c: CanvasRenderingContext2D): void {
    const [x, y] = this.middle(this.at), k = Math.max(this.k, 8), px = this.ox + x * this.k, py = this.oy + y * this.k;
    for (const [a, b, risk] of this.board.links) if (b >= 0 && (a === this.at || b === this.at)) {
      const [ax, ay] = this.middle(a), [bx, by] = this.middle(b);
      c.strokeStyle = risk > 1 ? paint.act : paint.watch; c.lineWidth = 2;
      c.beginPath(); c.moveTo(this.ox + ax * this.k, this.oy + ay * this.k); c.lineTo(this.ox + bx * this.k, this.oy + by * this.k); c.stroke();
    }
    c.strokeStyle = paint.glow; c.lineWidth = 6; c.strokeRect(px - k * 0.7, py - k * 0.7, k * 1.4, k * 1.4);
    c.strokeStyle = paint.focus; c.lineWidth = 3; c.strokeRect(px - k * 0.7, py - k * 0.7, k * 1.4, k * 1.4);
  }

  private cellAt(px: number, py: number): number {
    const x = (px - this.ox) / this.k, y = (py - this.oy) / this.k;
    for (const b of this.board.boxes) {
      if (x < b[1] || x > b[1] + b[3] || y < b[2] || y > b[2] + b[4]) continue;
      const q = Math.floor(x - b[1] - this.board.margin), r = Math.floor(y - b[2] - this.board.head), i = r * b[5] + q;
      return q >= 0 && q < b[5] && r >= 0 && i < b[7] ? b[6] + i : -1;
    }
    return -1;
  }

  private choose(cell: number): void {
    if (cell === this.at) return;
    this.at = cell;
    this.canvas.classList.toggle("over", cell >= 0);
    this.frame();
    if (cell < 0) { this.words.textContent = this.dataset.hint ?? ""; return; }
    void this.name(cell).then((n) => {
      if (this.at !== cell || !n) return;
      const levels = [this.dataset.fine, this.dataset.watch, this.dataset.act];
      this.words.textContent = [n[1], n[2] === n[1] ? "" : n[2], n[3], this.boxOf(cell)?.[0] ?? "", levels[this.board.risk.charCodeAt(cell) - 48] ?? ""].filter(Boolean).join(" / ");
    });
  }

  private async name(cell: number): Promise<Named | undefined> {
    const from = Math.floor(cell / chunk) * chunk;
    let part = this.names.get(from);
    if (!part) {
      part = fetch(`/map/cells.json?from=${from}&lang=${this.dataset.lang ?? ""}`).then(async (r) => {
        const d = await r.json() as { edition: string; cells: Named[] };
        if (d.edition !== this.board.edition) location.reload(); // a patrol came in between
        return d.cells;
      }).catch(() => { this.names.delete(from); return []; });
      this.names.set(from, part);
    }
    return (await part)[cell - from];
  }

  private async open(): Promise<void> {
    if (this.at < 0) return;
    const n = await this.name(this.at);
    if (n) location.href = `/hosts/${encodeURIComponent(n[0])}`;
  }

  private zoom(f: number, px: number, py: number): void {
    const k = Math.min(80, Math.max(0.5, this.k * f));
    this.ox = px - (px - this.ox) * k / this.k;
    this.oy = py - (py - this.oy) * k / this.k;
    this.k = k;
    this.frame();
  }

  private listen(): void {
    const c = this.canvas;
    c.addEventListener("pointerdown", (e) => { this.drag = { x: e.clientX - this.ox, y: e.clientY - this.oy, moved: false }; c.setPointerCapture(e.pointerId); });
    c.addEventListener("pointermove", (e) => {
      const r = c.getBoundingClientRect();
      if (!this.drag) { this.choose(this.cellAt(e.clientX - r.left, e.clientY - r.top)); return; }
      const x = e.clientX - this.drag.x, y = e.clientY - this.drag.y;
      if (Math.abs(x - this.ox) + Math.abs(y - this.oy) > 3) this.drag.moved = true;
      if (this.drag.moved) { this.ox = x; this.oy = y; this.frame(); }
    });
    c.addEventListener("pointerup", (e) => {
      const r = c.getBoundingClientRect(), click = this.drag && !this.drag.moved;
      this.drag = null;
      if (click) { this.choose(this.cellAt(e.clientX - r.left, e.clientY - r.top)); void this.open(); }
    });
    c.addEventListener("pointercancel", () => { this.drag = null; });
    c.addEventListener("wheel", (e) => { e.preventDefault(); const r = c.getBoundingClientRect(); this.zoom(e.deltaY < 0 ? 1.12 : 1 / 1.12, e.clientX - r.left, e.clientY - r.top); }, { passive: false });
    c.addEventListener("keydown", (e) => { if (this.key(e.key)) e.preventDefault(); });
  }

  private key(key: string): boolean {
    const b = this.boxOf(Math.max(0, this.at)), cols = b?.[5] ?? 1;
    switch (key) {
      case "+": case ";": this.zoom(1.25, this.width / 2, this.height / 2); return true;
      case "-": this.zoom(0.8, this.width / 2, this.height / 2); return true;
      case "Home": case "0": this.fit(); return true;
      case "Enter": void this.open(); return true;
      case "ArrowRight": this.step(1); return true;
      case "ArrowLeft": this.step(-1); return true;
      case "ArrowDown": this.step(cols); return true;
      case "ArrowUp": this.step(-cols); return true;
      case "PageDown": this.stepBox(1); return true;
      case "PageUp": this.stepBox(-1); return true;
    }
    return false;
  }

  private step(by: number): void { this.reach(this.at < 0 ? 0 : this.at + by); }

  private stepBox(by: number): void {
    const b = this.boxOf(Math.max(0, this.at)), i = b ? this.board.boxes.indexOf(b) + by : 0;
    const next = this.board.boxes[Math.min(this.board.boxes.length - 1, Math.max(0, i))];
    if (next) this.reach(next[6]);
  }

  // reach chooses a cell and moves the board so that it is seen.
  private reach(cell: number): void {
    const to = Math.min(this.board.risk.length - 1, Math.max(0, cell));
    if (to < 0) return;
    const [x, y] = this.middle(to), px = this.ox + x * this.k, py = this.oy + y * this.k, edge = 30;
    this.ox += Math.max(0, edge - px) - Math.max(0, px - this.width + edge);
    this.oy += Math.max(0, edge - py) - Math.max(0, py - this.height + edge);
    this.choose(to);
    this.frame();
  }
}

customElements.define("mm-zones", Zones);
