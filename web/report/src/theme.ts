// Dark or light: as the system has it until somebody says otherwise.
import { byId } from "./element";

const KEPT = "omni-report-theme";

/** Sets the switch up; `changed` is called whenever the colours are others. */
export function theme(changed: () => void): void {
  const button = byId("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = kept();
  const apply = () => {
    const dark = chosen ? chosen === "dark" : system.matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-label", dark ? "Light colours" : "Dark colours");
    changed();
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    keep(chosen);
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}

// A browser that keeps nothing for files says so with an error.
function kept(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

function keep(chosen: string): void {
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    return;
  }
}

/** A colour of the style sheet. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
