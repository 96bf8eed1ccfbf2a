// Renews the bar of a run that goes on; without a script the page reloads itself.

const bar = document.querySelector("[data-progress]");
const stage = bar?.querySelector("[data-stage]");
const meter = bar?.querySelector("progress");

async function renew() {
  try {
    const answer = await fetch(bar.dataset.progress, { headers: { Accept: "application/json" } });
    if (answer.ok) {
      const run = await answer.json();
      if (!["queued", "running"].includes(run.state)) {
        location.reload();
        return;
      }
      meter.value = run.progress;
      // Only a new stage is read out by a screen reader.
      if (stage.textContent !== run.stage) stage.textContent = run.stage;
    }
  } catch {
    // The gateway is away for a moment; it comes back.
  }
  setTimeout(renew, 1500);
}

if (bar) setTimeout(renew, 1000);
