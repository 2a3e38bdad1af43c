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

  /** An SVG bar, as the cells of the page have them; `set` gives its length, a part (0 to 1) of the longest. */
  function makeBar(name) {
    const names = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(names, "svg");
    const rect = document.createElementNS(names, "rect");
    for (const [key, value] of [["viewBox", "0 0 100 1"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) {
      svg.setAttribute(key, value);
    }
    rect.setAttribute("class", `bar ${name}`);
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
    if (table.classList.contains("tree")) return; // its rows make sense in their order only, and sums would count twice
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
    if (rows.length > 11) enhanceFilter(table, parts, state, controls);
    if (controls.childElementCount) table.parentElement.before(controls);
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
    opened.classList.add("placed");
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
      const listen = event.newState === "open" ? addEventListener : removeEventListener;
      listen("scroll", place, true);
      listen("resize", place);
    });
  }

  // ---- sliders: every figure is a sum of products of a number that follows alpha and one that follows the size

  /** A limit as people write it: "300M", "512 KiB", "1,500,000"; null if it is none. */
  function limitOf(text) {
    const found = /^(\d[\d,_ ]*)(?:\.(\d+))?\s*(k|m|g|ki|mi|gi)?b?$/i.exec(text.trim());
    if (!found) return null;
    const [, whole, part = "", unit = ""] = found;
    const step = BigInt(unit[1] ? 1024 : 1000) ** BigInt("kmg".indexOf(unit[0]?.toLowerCase() ?? "") + (unit ? 1 : 0));
    return (BigInt(whole.replace(/[,_ ]/g, "") + part) * step) / 10n ** BigInt(part.length);
  }

  /** How a value stands to a limit, in words. */
  function verdict(value, limit, least) {
    const left = least ? value - limit : limit - value;
    const kept = left >= 0n;
    return { kept, text: kept ? `within, ${exact(left)} left` : `${least ? "under" : "over"} by ${exact(-left)}` };
  }

  const stateOf = ({ kept, text }) => make("span", { class: `state ${kept ? "passes" : "fails"}` }, text);

  function tableOf(title, heads, rows) {
    const id = `made-${++made}`;
    const cells = heads.map(([text, numeric]) => make("th", { scope: "col", class: numeric ? "n" : false }, text));
    const table = make("table", { "aria-labelledby": id }, make("thead", {}, make("tr", {}, ...cells)), make("tbody", {}, ...rows));
    const box = make("div", { class: "scroll", role: "group", "aria-labelledby": id, tabindex: "0" }, table);
    return make("div", { class: "grid" }, make("h3", { id }, title), box);
  }

  const cellOf = (...inside) => make("td", { class: "n" }, ...inside);
  const nameOf = (text) => make("th", { scope: "row" }, text);

  function amount(cell, n, kind, ...after) {
    cell.replaceChildren(exact(n), make("small", {}, rough(n, kind)), ...after);
  }

  function enhanceSliders(section) {
    const data = JSON.parse(section.querySelector("script").textContent);
    const [rows, columns] = [data.rows, data.columns].map((all) => all.map((one) => one.map(BigInt)));
    const valueAt = (parts, [i, j]) => parts.reduce((sum, [row, column]) => sum + rows[row][i] * columns[column][j], 0n);
    const at = [...data.here];
    const names = ["alpha", "resolution"];
    const stops = [data.alphas.map(String), data.sizes];
    const settings = (where) => names.map((name, n) => `${name} ${stops[n][where[n]]}`).join(", ");
    const follow = []; // what to do when a slider has moved: it returns broken limits as sentences
    const status = make("p", { role: "status" });

    function update() {
      const told = follow.flatMap((one) => one() ?? []);
      const broken = told.filter((one) => !one.kept);
      const limits = told.length === 1 ? "the limit is kept" : `all ${told.length} limits are kept`;
      const said = broken.length ? broken.map((one) => one.sentence).join("; ") : told.length ? limits : "";
      status.textContent = `At ${settings(at)}${said ? `: ${said}` : ""}.`;
    }

    section.append(slidersOf(names, stops, at, data.here, follow, update, settings(data.here)), status);
    section.append(figuresOf(data, valueAt, at, settings(data.here), follow, update));
    if (data.bounds.length) section.append(boundsOf(data, valueAt, at, follow));
    section.append(blocksOf(data, valueAt, at, follow));
    update();
  }

  /** A slider for each of alpha and resolution, and a button that goes back. */
  function slidersOf(names, stops, at, here, follow, update, home) {
    const inputs = names.map((name, n) => {
      const id = `slider-${name}`;
      const input = make("input", { type: "range", id, min: "0", max: String(stops[n].length - 1), step: "1" });
      const shown = make("output", { for: id });
      input.disabled = stops[n].length < 2;
      input.addEventListener("input", () => {
        at[n] = Number(input.value);
        update();
      });
      follow.push(() => {
        input.value = String(at[n]);
        input.setAttribute("aria-valuetext", stops[n][at[n]]);
        shown.textContent = stops[n][at[n]];
        back.disabled = at.every((stop, m) => stop === here[m]);
      });
      return make("div", {}, make("label", { for: id }, name), shown, input);
    });
    const back = button(`Back to ${home}`, () => {
      at.splice(0, 2, ...here);
      update();
      inputs[0].querySelector("input").focus();
    });
    return make("div", { class: "controls sliders" }, ...inputs, back);
  }

  /** The figures of the whole design, each with a limit of one's own. */
  function figuresOf(data, valueAt, at, home, follow, update) {
    const rowOf = ({ key, title, kind, parts }) => {
      const name = key === "madds" ? data.unit : title;
      const [before, now, change, state] = [cellOf(), cellOf(), cellOf(), make("td")];
      const most = make("input", { type: "text", "aria-label": `limit: at most, ${name}`, placeholder: "300M", size: "10", autocomplete: "off" });
      const base = valueAt(parts, data.here);
      amount(before, base, kind);
      most.addEventListener("input", update);
      follow.push(() => {
        const value = valueAt(parts, at);
        amount(now, value, kind);
        const percent = base ? Number((value - base) * 10000n / base) / 100 : 0;
        change.textContent = `${percent > 0 ? "+" : ""}${percent.toFixed(2)} %`;
        const limit = limitOf(most.value);
        most.toggleAttribute("aria-invalid", limit === null && most.value.trim() !== "");
        if (limit === null) {
          state.replaceChildren(most.value.trim() ? "write 300M, 512 KiB or 1,500,000" : "");
          return [];
        }
        const found = verdict(value, limit, false);
        state.replaceChildren(stateOf(found));
        return [{ kept: found.kept, sentence: `${name}: ${found.text} (limit ${exact(limit)})` }];
      });
      return make("tr", {}, nameOf(name), before, now, change, make("td", {}, most), state);
    };
    const heads = [["figure"], [`at ${home}`, true], ["at the sliders", true], ["change", true], ["limit: at most"], ["state"]];
    return tableOf("The whole design", heads, data.figures.map(rowOf));
  }

  /** The budgets of a file for this design. */
  function boundsOf(data, valueAt, at, follow) {
    const rowsOf = (bound) => ["most", "least"].filter((side) => side in bound).map((side) => {
      const figure = data.figures.find(({ key }) => key === bound.key);
      const limit = BigInt(bound[side]);
      const [now, state] = [cellOf(), make("td")];
      follow.push(() => {
        const value = valueAt(figure.parts, at);
        amount(now, value, figure.kind);
        const found = verdict(value, limit, side === "least");
        state.replaceChildren(stateOf(found));
        return [{ kept: found.kept, sentence: `${bound.key}: ${found.text} (limit ${exact(limit)}, budget ${bound.label})` }];
      });
      return make("tr", {}, nameOf(bound.label), make("td", {}, `${bound.key}, at ${side}`), cellOf(exact(limit)), now, state);
    });
    const heads = [["budget"], ["figure"], ["limit", true], ["at the sliders", true], ["state"]];
    return tableOf("Budgets of mnetcost.toml", heads, data.bounds.flatMap(rowsOf));
  }

  /** What each block costs, with bars as long as a part of the largest one, here or at the design's own settings. */
  function blocksOf(data, valueAt, at, follow) {
    const sides = ["params", "madds"];
    const largest = (where) => sides.map((side) => data.blocks.reduce((most, block) => {
      const value = valueAt(block[side], where);
      return value > most ? value : most;
    }, 1n));
    const base = largest(data.here);
    let full = base;
    follow.push(() => {
      full = largest(at).map((value, n) => (value > base[n] ? value : base[n]));
    });
    const counted = data.blocks.filter((block) => sides.some((side) => block[side].length));
    const rows = counted.map((block) => {
      const cells = sides.map((side, n) => {
        const [cell, bar] = [cellOf(), makeBar(side)];
        follow.push(() => {
          const value = valueAt(block[side], at);
          amount(cell, value, "count", bar.svg);
          bar.set(Number(value) / Number(full[n]));
        });
        return cell;
      });
      return make("tr", {}, nameOf(block.name), ...cells);
    });
    return tableOf("Each block", [["block"], ["params", true], [data.unit, true]], rows);
  }

  const fitting = new ResizeObserver((entries) => {
    // a table that fits needs no box that scrolls, and then its head can stay in sight
    for (const { target } of entries) {
      const box = target.querySelector(".scroll");
      const fits = box.firstElementChild.offsetWidth <= target.clientWidth;
      box.classList.toggle("fits", fits);
      if (fits) box.removeAttribute("tabindex");
      else box.tabIndex = 0;
    }
  });

  for (const section of document.querySelectorAll("section.stops")) enhanceSliders(section);
  for (const grid of document.querySelectorAll("main > section:not(.stops) .grid")) enhance(grid);
  for (const grid of document.querySelectorAll(".grid")) fitting.observe(grid);
  for (const opener of document.querySelectorAll("button[popovertarget]")) enhanceOpener(opener);
})();
