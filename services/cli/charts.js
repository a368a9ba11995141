"use strict";
function speak(language) {
  document.documentElement.lang = language;
  for (const button of document.querySelectorAll("button[data-language]"))
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  for (const title of document.querySelectorAll("svg title")) title.textContent = title.dataset[language];
  for (const named of document.querySelectorAll("svg[data-nl],[role=region][data-nl]")) named.setAttribute("aria-label", named.dataset[language]);
}
for (const button of document.querySelectorAll("button[data-language]"))
  button.addEventListener("click", () => speak(button.dataset.language));
const wished = new URLSearchParams(location.search).get("lang") || (location.hash === "#en" ? "en" : "");
speak(wished === "en" || wished === "nl" ? wished : (navigator.language || "nl").startsWith("nl") ? "nl" : "en");
