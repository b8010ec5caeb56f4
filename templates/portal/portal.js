// Shows new entries of a ticket without touching what is being typed. Without it, a reload does.
(() => {
  "use strict";
  const EVERY = 15000; // milliseconds; a hidden page does not ask
  const history = () => document.getElementById("history");
  if (!history()) return;

  const replace = (id, page) => {
    const old = document.getElementById(id), fresh = page.getElementById(id);
    if (!old || !fresh) return;
    const typed = [...old.querySelectorAll("textarea")].some((one) => one.value.trim());
    if (!typed && !old.contains(document.activeElement)) old.replaceWith(document.adoptNode(fresh));
  };

  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch(`${location.pathname}/revision`, { cache: "no-store" });
    if (!answer.ok || (await answer.text()) === history().dataset.revision) return;
    const whole = await fetch(location.pathname + location.search, { cache: "no-store" });
    if (!whole.ok) return;
    const page = new DOMParser().parseFromString(await whole.text(), "text/html");
    const revision = page.getElementById("history").dataset.revision;
    const open = [...history().querySelectorAll("li:has(details[open])")].map((one) => one.id);
    replace("state", page);
    history().replaceWith(document.adoptNode(page.getElementById("history")));
    history().dataset.revision = revision;
    for (const id of open) document.getElementById(id)?.querySelector("details")?.setAttribute("open", "");
    const news = document.getElementById("fresh");
    news.textContent = news.dataset.words;
    news.hidden = false;
  };

  setInterval(() => look().catch(() => {}), EVERY);
  document.addEventListener("visibilitychange", () => look().catch(() => {}));
})();
