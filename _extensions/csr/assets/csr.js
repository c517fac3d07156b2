// What makes the report's pages usable: charts, tables that scroll, links to displays, search. Every page
// loads this file: Quarto's, the embedded renderer's and the published notebooks'; nothing is fetched.
(() => {
  const here = document.currentScript.src;

  /* Charts: the picture in the page becomes an interactive one. */
  const options = { renderer: "svg", actions: false, tooltip: true };

  const drawChart = (chart) => {
    const source = chart.querySelector('script[type="application/json"]');
    if (!source || !window.vegaEmbed) return;
    const picture = chart.querySelector(".csr-static");
    const canvas = document.createElement("div");
    canvas.className = "csr-canvas";
    canvas.ariaHidden = "true"; // the chart's own label tells what it shows, the table below it the values
    chart.append(canvas);
    if (picture) picture.hidden = true;
    Promise.resolve()
      .then(() => window.vegaEmbed(canvas, JSON.parse(source.textContent), options))
      // The picture that stood here until now, and stays where scripts don't run.
      .then(() => chart.querySelector(".csr-static")?.remove())
      .catch((error) => {
        canvas.textContent = `The interactive chart could not be drawn: ${error.message}`;
        if (picture) picture.hidden = false;
      })
      .then(() => reachable(chart));
  };

  // Charts below the screen are drawn when they come near it: a page with many opens at once.
  const drawCharts = () => {
    const near = new IntersectionObserver(
      (entries) => {
        for (const entry of entries.filter((item) => item.isIntersecting)) {
          near.unobserve(entry.target);
          drawChart(entry.target);
        }
      },
      { rootMargin: "1200px" },
    );
    for (const chart of document.querySelectorAll(".csr-chart")) near.observe(chart);
  };

  // Sizes are read of all parts before any is changed: the browser would lay out the page again for each.
  /* What scrolls can be reached by keyboard; what fits is no stop on the way. */
  const reachable = (...parts) => {
    const scrolls = parts.map((part) => part.scrollWidth > part.clientWidth + 1);
    parts.forEach((part, i) => {
      if (scrolls[i]) part.tabIndex = 0;
      else part.removeAttribute("tabindex");
    });
  };

  // A table that fits scrolls with the page, its head below the notice; a wide one scrolls by itself.
  const fitTables = (wraps) => {
    const shown = [...wraps].filter((wrap) => wrap.offsetParent);
    for (const wrap of shown) wrap.classList.remove("csr-fits");
    const fits = shown.map(
      (wrap) => !wrap.classList.contains("csr-scroll") && wrap.scrollWidth <= wrap.clientWidth + 1,
    );
    shown.forEach((wrap, i) => fitTable(wrap, fits[i]));
  };

  const fitTable = (wrap, fits) => {
    const label = wrap.dataset.label ?? wrap.getAttribute("aria-label");
    if (label) wrap.dataset.label = label;
    wrap.classList.toggle("csr-fits", fits);
    wrap.classList.toggle("csr-wide", !fits);
    if (fits) {
      for (const name of ["tabindex", "role", "aria-label"]) wrap.removeAttribute(name);
    } else {
      wrap.tabIndex = 0;
      wrap.setAttribute("role", "region");
      wrap.setAttribute("aria-label", label ?? "Table");
    }
  };

  const fitIn = (part) => {
    fitTables(part.querySelectorAll(".csr-table-wrap"));
    reachable(...part.querySelectorAll(".csr-chart, .input pre, .output pre, .output_subarea"));
  };

  const fit = () => {
    const notice = document.querySelector(".csr-notice");
    const top = notice ? notice.offsetHeight + 6 : 0;
    document.documentElement.style.setProperty("--csr-top", `${top}px`);
    fitIn(document);
  };

  /* A link to itself at each caption, to be copied and sent. */
  const linkCaptions = () => {
    for (const caption of document.querySelectorAll(".quarto-float[id] figcaption")) {
      const float = caption.closest(".quarto-float[id]");
      const link = document.createElement("a");
      link.className = "csr-anchor";
      link.href = `#${float.id}`;
      link.textContent = "#";
      link.setAttribute("aria-label", `Link to ${caption.textContent.split(":")[0]}`);
      caption.append(" ", link);
    }
  };

  /* Search: the index is a script beside this one, loaded when it is first needed. */
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  let index = null;

  const loadIndex = () => {
    index ??= new Promise((resolve, reject) => {
      window.csrIndex = resolve;
      const script = document.createElement("script");
      script.src = new URL("search-index.js", here);
      script.onerror = () => reject(new Error("The search index is missing."));
      document.head.append(script);
    }).then(({ root, entries }) => ({
      root: new URL(root, here),
      entries: entries.map((entry) => ({ ...entry, inTitle: plain(entry.title), inText: plain(entry.text) })),
    }));
    return index;
  };

  const find = (entries, query) => {
    const words = plain(query).split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const score = (entry) => {
      let sum = 0;
      for (const word of words) {
        const title = entry.inTitle.includes(word);
        if (!title && !entry.inText.includes(word)) return 0;
        sum += title ? 10 : 1;
      }
      return sum;
    };
    return entries
      .map((entry, place) => ({ entry, place, score: score(entry) }))
      .filter((hit) => hit.score)
      .sort((a, b) => b.score - a.score || a.place - b.place)
      .map(({ entry }) => ({ entry, word: words[0] }));
  };

  const excerpt = ({ entry, word }) => {
    const part = document.createElement("span");
    const at = entry.inText.indexOf(word);
    // Positions agree unless a sign was taken apart; then the excerpt is the text's beginning, unmarked.
    if (at < 0 || entry.inText.length !== entry.text.length) {
      part.textContent = entry.text.slice(0, 120);
      return part;
    }
    const from = Math.max(0, entry.text.lastIndexOf(" ", Math.max(0, at - 40)));
    const mark = document.createElement("mark");
    mark.textContent = entry.text.slice(at, at + word.length);
    part.append(entry.text.slice(from, at), mark, entry.text.slice(at + word.length, at + 90));
    return part;
  };

  const MOST = 40;

  const show = (list, status, root, hits) => {
    list.replaceChildren(
      ...hits.slice(0, MOST).map((hit) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = new URL(hit.entry.url, root);
        const title = document.createElement("strong");
        title.textContent = hit.entry.title;
        link.append(title, excerpt(hit));
        item.append(link);
        return item;
      }),
    );
    const more = hits.length > MOST ? `, the first ${MOST} of them shown` : "";
    status.textContent = hits.length ? `${hits.length} found${more}` : "Nothing found";
  };

  // Quarto's pages have no place for it; their side bar scrolls, and would clip what is found.
  const makeSearchPlace = () => {
    const text = document.getElementById("quarto-document-content");
    if (!text) return null;
    const bar = document.createElement("div");
    bar.className = "csr-bar";
    bar.innerHTML = '<div class="csr-search"></div>';
    text.prepend(bar);
    return bar.firstChild;
  };

  const setUpSearch = () => {
    const place = document.querySelector(".csr-search") ?? makeSearchPlace();
    if (!place) return;
    const form = document.createElement("form");
    form.className = "csr-search-form";
    form.setAttribute("role", "search");
    form.innerHTML =
      '<input type="search" aria-label="Search this report" placeholder="Search this report" autocomplete="off">' +
      '<div class="csr-hits" hidden><p role="status"></p><ol></ol></div>';
    place.prepend(form);
    const [input, hits] = form.children;
    const [status, list] = hits.children;
    const update = () =>
      loadIndex()
        .then(({ root, entries }) => {
          hits.hidden = !input.value.trim();
          if (!hits.hidden) show(list, status, root, find(entries, input.value));
        })
        .catch((error) => {
          hits.hidden = false;
          status.textContent = error.message;
        });
    const close = () => { hits.hidden = true; };
    input.addEventListener("focus", () => loadIndex().catch(() => {}));
    input.addEventListener("input", update);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      list.querySelector("a")?.click();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      close();
      input.focus();
    });
    list.addEventListener("click", close);
    document.addEventListener("click", (event) => { if (!form.contains(event.target)) close(); });
    form.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !form.contains(event.relatedTarget)) close();
    });
  };

  /* Other versions: their list is a script beside this version's folder; where it is absent, nothing is shown. */
  const versionLink = (href, text, current = false) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = href;
    link.textContent = text;
    if (current) link.ariaCurrent = "true";
    item.append(link);
    return item;
  };

  const versionList = (title, items) => {
    const part = document.createElement("div");
    const name = document.createElement("p");
    const list = document.createElement("ul");
    name.textContent = title;
    list.append(...items);
    part.append(name, list);
    return items.length ? [part] : [];
  };

  const showVersions = (root, { versions, comparisons }) => {
    const folder = decodeURIComponent(root.pathname.split("/").at(-2));
    const own = versions.find((version) => version.folder === folder);
    const form = document.querySelector(".csr-search-form");
    if (!own || !form) return;
    const page = decodeURIComponent(location.href.split(/[?#]/)[0].slice(root.href.length));
    const items = (chosen) =>
      chosen.map((version) => {
        const there = version.pages.includes(page) ? page : "index.html";
        return versionLink(new URL(`../${version.folder}/${there}`, root), version.title, version === own);
      });
    const made = comparisons.filter((pair) => pair.new === folder);
    const part = document.createElement("details");
    part.className = "csr-versions";
    part.innerHTML = "<summary>Versions</summary><div></div>";
    part.lastChild.append(
      ...versionList("What changed since", made.map(({ old }) =>
        versionLink(new URL(`../comparisons/${old}--${folder}/index.html`, root), old))),
      ...versionList("This report", items(versions.filter(({ report }) => report === own.report))),
      ...versionList("Other reports", items(versions.filter(({ report }) => report !== own.report))),
    );
    (form.closest(".csr-search") ?? form).after(part);
    part.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      part.open = false;
      part.firstChild.focus();
    });
    document.addEventListener("click", (event) => { if (!part.contains(event.target)) part.open = false; });
    part.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !part.contains(event.relatedTarget)) part.open = false;
    });
  };

  const setUpVersions = () => {
    const at = here.lastIndexOf("/site_libs/");
    if (at < 0) return;
    const root = new URL(here.slice(0, at + 1));
    window.csrVersions = (history) => showVersions(root, history);
    const script = document.createElement("script");
    script.src = new URL("../versions.js", root);
    document.head.append(script);
  };

  /* Notebook pages follow the colours that were chosen in the report. */
  const colourNotebook = () => {
    if (!document.body.classList.contains("csr-notebook")) return;
    let chosen = null;
    try { chosen = localStorage.getItem("csr-theme"); } catch { /* private window */ }
    chosen ??= matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    document.body.classList.add(`quarto-${chosen}`);
  };

  document.addEventListener("DOMContentLoaded", () => {
    colourNotebook();
    linkCaptions();
    setUpSearch();
    setUpVersions();
    fit();
    drawCharts();
    document.addEventListener("toggle", (event) => fitIn(event.target), true);
    window.addEventListener("resize", fit);
    // What was asked for by its address is found where it has moved to after charts were drawn.
    if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  });
})();
