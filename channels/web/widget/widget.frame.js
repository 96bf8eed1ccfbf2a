/* The inside of iframe mode: tells the site that holds the frame what it must know, and nothing else.

   Which sites may hold it is the gateway's decision (frame-ancestors); the address says which one does,
   so that messages go to that origin alone. */

const wishes = new URLSearchParams(location.hash.slice(1));
const chat = document.createElement("troly-chat");
chat.setAttribute("mode", "frame");
for (const name of ["language", "operator"]) if (wishes.get(name)) chat.setAttribute(name, wishes.get(name));

function originOf(address) {
  try {
    return new URL(address).origin;
  } catch {
    return null;
  }
}

const site = originOf(wishes.get("parent"));
const holder = window.parent === window ? null : window.parent;
if (site && holder) {
  const tell = (message) => holder.postMessage({ troly: message }, site);
  addEventListener("message", (event) => {
    if (event.source === holder && event.origin === site && event.data?.troly === "focus") chat.focus();
  });
  for (const name of ["ready", "close", "unread"]) chat.addEventListener(`troly-${name}`, () => tell(name));
}
document.body.append(chat);
