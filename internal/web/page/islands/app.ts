// The script of every page: htmx for forms and lists that refresh in place, and the small elements that pages use. Everything works
// without it. Larger elements are bundles of their own, fetched by the pages that need them.
import htmx from "htmx.org";
import "./live";
import "./upload";
import "./copy";
import "./find";

// No code in attributes: the content security policy forbids it anyway.
document.documentElement.dataset.script = "on";
(window as unknown as { htmx: typeof htmx }).htmx = htmx;
