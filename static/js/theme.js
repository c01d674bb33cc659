// The chosen theme, before anything is painted; the button goes auto, light, dark.
(() => {
  const themes = ["auto", "light", "dark"];
  const root = document.documentElement;

  function stored() {
    try {
      const theme = localStorage.getItem("theme");
      return themes.includes(theme) ? theme : "auto";
    } catch {
      return "auto";
    }
  }

  function apply(theme) {
    if (theme === "auto") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", theme);
    const button = document.querySelector("[data-theme-toggle]");
    if (!button) return;
    button.textContent = `theme: ${theme}`;
    button.hidden = false;
  }

  apply(stored());
  document.addEventListener("DOMContentLoaded", () => apply(stored()));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const theme = themes[(themes.indexOf(stored()) + 1) % themes.length];
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // Storage is refused: the choice holds for this page.
    }
    apply(theme);
  });
})();
