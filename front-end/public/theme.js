(function () {
  var theme = null;
  try {
    theme = localStorage.getItem("marquee-theme");
  } catch (error) {
    // Storage is blocked: the system's preference applies.
    if (!(error instanceof DOMException)) throw error;
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
