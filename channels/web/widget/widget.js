/* What a website includes with one tag (README.md). A classic script, so that it knows its own tag. */
(() => {
  const tag = document.currentScript;
  const base = new URL(".", tag.src).href;
  const { mode = "launcher", operator, language } = tag.dataset;

  const add = () => {
    if (mode === "none" || document.querySelector("troly-chat")) return;
    const chat = document.createElement("troly-chat");
    chat.setAttribute("mode", mode);
    if (operator) chat.setAttribute("operator", operator);
    if (language) chat.setAttribute("language", language);
    document.body.append(chat);
  };

  import(`${base}widget.element.js`).then(
    () => (document.body ? add() : addEventListener("DOMContentLoaded", add)),
    (error) => console.error(`Trợ Lý: ${base} did not let ${location.origin} load it; is it in EMBED_ORIGINS?`, error),
  );
})();
