"use strict";
// What a reader can do on a page: sort, filter and fold its tables, see what a count is made of, move the sliders.
//
// The page is whole without this: here are only the controls, which are made when it is opened. Nothing is fetched and
// nothing is stored. Names may be anything, so text only ever goes in as text (`make`), never as markup.
(() => {
  let made = 0; // ids given out

  /** An element with attributes; a child is an element or a text, an attribute of false is left out. */
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  /** An SVG bar of a part (0 to 1) of the longest, as the cells of the page have them. */
  function makeBar() {
    const names = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(names, "svg");
    const rect = document.createElementNS(names, "rect");
    for (const [key, value] of [["viewBox", "0 0 100 1"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) {
      svg.setAttribute(key, value);
    }
    rect.setAttribute("class", "bar");
    rect.setAttribute("height", "1");
    svg.append(rect);
    return { svg, set: (part) => rect.setAttribute("width", (100 * part).toFixed(2)) };
  }

  const button = (text, click) => {
    const element = make("button", { type: "button" }, text);
    element.addEventListener("click", click);
    return element;
  };

  // ---- numbers: exact integers are BigInt throughout

  const exact = (n) => n.toLocaleString("en-US");

  /** A count to three digits with k, M or G; sizes of memory in KiB, MiB or GiB; "" if it is as short itself. */
  function rough(n, kind) {
    const size = Math.abs(Number(n));
    const steps = kind === "memory"
      ? [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]]
      : [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]].map(([s, u]) => [s, kind === "bytes" ? u + "B" : u]);
    const found = steps.find(([step]) => size >= step * (step === 1024 ? 1 : 0.9995));
    if (!found) return "";
    const part = size / found[0];
    return `${n < 0 ? "-" : ""}${part.toFixed(part < 9.995 ? 2 : part < 99.95 ? 1 : 0)} ${found[1]}`;
  }

  const isInteger = (text) => /^-?\d+$/.test(text);
  const number = (text) => (isInteger(text) ? BigInt(text) : Number(text));

  // ---- tables

  const words = new Intl.Collator("en", { numeric: true });

  /** What a row is sorted by: a number, a text, or null for an empty cell, which is always last. */
  function key(row, column) {
    const cell = row.cells[column];
    if (cell.dataset.value !== undefined) return number(cell.dataset.value);
    return cell.textContent.trim() || null;
  }

  function compare(a, b) {
    if (typeof a === "string" && typeof b === "string") return words.compare(a, b);
    if (typeof a === "string" || typeof b === "string") return typeof a === "string" ? 1 : -1;
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /** Items in order; equal ones, and those without a value, stay as they were. way: 1 upward, -1 downward. */
  function sorted(items, keyOf, way) {
    const keyed = items.map((item) => [keyOf(item), item]);
    const known = keyed.filter(([k]) => k !== null).sort(([a], [b]) => way * compare(a, b));
    return [...known, ...keyed.filter(([k]) => k === null)].map(([, item]) => item);
  }

  /** Controls of one table: its heads sort, a field filters, heads of parts fold. */
  function enhance(grid) {
    const table = grid.querySelector("table");
    const parts = [...table.tBodies].map((body) => ({
      body,
      head: body.querySelector("tr.head"),
      rows: [...body.querySelectorAll("tr.row")],
      totals: [...body.querySelectorAll("tr.total")],
    }));
    const rows = parts.flatMap((part) => part.rows);
    const summed = parts.length > 1 && parts.every((part) => part.head && part.head.cells.length > 1);
    const controls = make("div", { class: "controls" });
    const state = { column: -1, way: 0, grouped: true, sought: "" };

    /** Put every row where it belongs. */
    function arrange() {
      const { column, way, grouped } = state;
      const order = (items, keyOf) => (way ? sorted(items, keyOf, way) : items);
      table.classList.toggle("flat", !grouped);
      if (!grouped) {
        parts[0].body.append(...order(rows, (row) => key(row, column)));
        return;
      }
      for (const { body, head, rows: own, totals } of parts) {
        body.append(...(head ? [head] : []), ...order(own, (row) => key(row, column)), ...totals);
      }
      const bodies = summed ? order(parts, (part) => key(part.head, column)) : parts;
      const foot = table.tFoot;
      for (const { body } of bodies) table.insertBefore(body, foot);
    }

    enhanceHeads(table, rows, state, arrange);
    if (parts.some((part) => part.head) && parts.length > 1) enhanceFolds(table, parts, summed, state, arrange, controls);
    if (rows.length > 7) enhanceFilter(table, parts, state, controls);
    const box = table.parentElement;
    if (controls.childElementCount) box.before(controls);
    // a table that fits needs no box that scrolls, and then its head can stay in sight
    new ResizeObserver(() => {
      const fits = table.offsetWidth <= grid.clientWidth;
      box.classList.toggle("fits", fits);
      box.tabIndex = fits ? -1 : 0;
    }).observe(grid);
  }

  /** A button in every named head: numbers from the largest, texts from A, then the other way, then as it was. */
  function enhanceHeads(table, rows, state, arrange) {
    if (rows.length < 2) return;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (head.querySelector(".unseen")) return;
      const first = rows.some((row) => row.cells[column].dataset.value !== undefined) ? -1 : 1;
      const sorter = button("", () => {
        if (state.column !== column || !state.way) Object.assign(state, { column, way: first });
        else if (state.way === first) state.way = -first;
        else Object.assign(state, { column: -1, way: 0 });
        for (const other of heads) other.removeAttribute("aria-sort");
        if (state.way) head.setAttribute("aria-sort", state.way > 0 ? "ascending" : "descending");
        arrange();
      });
      sorter.className = "sort";
      sorter.append(...head.childNodes);
      head.append(sorter);
    });
  }

  /** A button in every head of a part, and one for all of them; where parts have sums, rows may stand without them. */
  function enhanceFolds(table, parts, summed, state, arrange, controls) {
    const folds = [];
    const isOpen = (fold) => fold.getAttribute("aria-expanded") === "true";
    const all = button("Fold all", () => {
      const open = !folds.some(isOpen);
      for (const fold of folds) set(fold, open);
    });

    function set(fold, open) {
      fold.setAttribute("aria-expanded", String(open));
      fold.closest("tbody").classList.toggle("folded", !open);
      all.textContent = folds.some(isOpen) ? "Fold all" : "Unfold all";
    }
    for (const { body, head } of parts) {
      if (!head) continue;
      body.id ||= `part-${++made}`;
      const fold = button("", () => set(fold, !isOpen(fold)));
      fold.className = "fold";
      fold.setAttribute("aria-controls", body.id);
      fold.append(...head.cells[0].childNodes);
      head.cells[0].append(fold);
      folds.push(fold);
      set(fold, true);
    }
    controls.append(all);
    if (!summed) return;
    const together = make("input", { type: "checkbox", checked: true });
    together.addEventListener("change", () => {
      state.grouped = together.checked;
      all.disabled = !together.checked;
      arrange();
    });
    controls.prepend(make("label", {}, together, " by block"));
  }

  /** A field that hides the rows without its words, and says how many are left and what they add up to. */
  function enhanceFilter(table, parts, state, controls) {
    const rows = parts.flatMap((part) => part.rows);
    const text = (row) => [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
    const texts = new Map(rows.map((row) => [row, text(row)]));
    const field = make("input", { type: "search", id: `filter-${++made}`, autocomplete: "off", spellcheck: "false" });
    const status = make("p", { role: "status" });
    const sums = [...table.tHead.rows[0].cells].map((head, column) => [head, column]).filter(([head]) => head.dataset.sum);
    const foot = table.tFoot && sums.length ? make("tr", { class: "total shown", hidden: true }) : null;
    if (foot) table.tFoot.prepend(foot);

    function filter() {
      const sought = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      table.classList.toggle("filtered", sought.length > 0);
      for (const part of parts) {
        const title = part.head ? text(part.head) : "";
        for (const row of part.rows) row.hidden = !sought.every((word) => `${title} ${texts.get(row)}`.includes(word));
        const none = sought.length > 0 && part.rows.every((row) => row.hidden);
        for (const row of [part.head, ...part.totals]) if (row) row.hidden = none;
      }
      const left = rows.filter((row) => !row.hidden);
      status.textContent = sought.length ? `${left.length} of ${rows.length} rows` : `${rows.length} rows`;
      if (foot) addUp(foot, sums, left, sought.length > 0);
    }
    field.addEventListener("input", filter);
    controls.append(make("label", { for: field.id }, "Filter"), field, status);
    filter();
  }

  /** The sums of the rows that are shown, exact. */
  function addUp(foot, sums, rows, shown) {
    foot.hidden = !shown;
    const columns = foot.parentElement.lastElementChild.cells.length;
    const cells = [make("th", { scope: "row" }, "shown rows")];
    for (let column = 1; column < columns; column += 1) cells.push(make("td", { class: "n" }));
    for (const [head, column] of sums) {
      const values = rows.map((row) => row.cells[column].dataset.value).filter((value) => value !== undefined);
      if (head.dataset.sum === "share") {
        cells[column].append(`${(100 * values.reduce((sum, value) => sum + Number(value), 0)).toFixed(2)} %`);
        continue;
      }
      const sum = values.reduce((so, value) => so + BigInt(value), 0n);
      const beside = head.dataset.sum === "integer" ? "" : rough(sum, head.dataset.sum);
      cells[column].append(exact(sum), ...(beside ? [make("small", {}, beside)] : []));
    }
    foot.replaceChildren(...cells);
  }

  // ---- what a row opens: the browser closes it on Escape, and when another one is opened

  function enhanceOpener(opener) {
    const opened = document.getElementById(opener.getAttribute("popovertarget"));
    if (!opened || !opened.showPopover) return;
    let timer = 0;
    const isOpen = () => opened.matches(":popover-open");
    const soon = (action, wait) => {
      clearTimeout(timer);
      timer = setTimeout(action, wait);
    };
    function place() {
      const at = opener.getBoundingClientRect();
      const below = at.bottom + 4 + opened.offsetHeight <= innerHeight;
      const top = below ? at.bottom + 4 : at.top - opened.offsetHeight - 4;
      opened.style.left = `${Math.max(8, Math.min(at.left, document.documentElement.clientWidth - opened.offsetWidth - 8))}px`;
      opened.style.top = `${Math.max(8, top)}px`;
    }
    function open() {
      clearTimeout(timer);
      if (!isOpen()) opened.showPopover();
      place();
    }
    function close() {
      if (isOpen() && document.activeElement !== opener && !opened.matches(":hover")) opened.hidePopover();
    }
    opener.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && soon(open, 150));
    opener.addEventListener("pointerleave", () => soon(close, 250));
    opened.addEventListener("pointerleave", () => soon(close, 250));
    opener.addEventListener("focus", () => opener.matches(":focus-visible") && open());
    opener.addEventListener("blur", () => soon(close, 0));
    opener.addEventListener("click", (event) => {
      event.preventDefault();
      open();
    });
    opened.addEventListener("toggle", (event) => {
      opened.classList.toggle("placed", event.newState === "open");
      const listen = event.newState === "open" ? addEventListener : removeEventListener;
      listen("scroll", place, true);
      listen("resize", place);
    });
  }

  for (const grid of document.querySelectorAll(".grid")) enhance(grid);
  for (const opener of document.querySelectorAll("button[popovertarget]")) enhanceOpener(opener);
})();
