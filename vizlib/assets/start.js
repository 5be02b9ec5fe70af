// Unpacks the picture's scripts, once for all outputs of a page that carry the same ones, and starts them for this output.
(async (root, mark) => {
  // What the outputs of one page share: BokehJS by version, scripts by mark, and the views that are there, by their root.
  const page = (window.__lab ??= { libraries: {}, views: new Map(), waiting: {}, scripts: {} });

  const unpacked = (element) => {
    const letters = atob(element.textContent.trim());
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
  };
  // Runs packed code as a script of the page.
  const run = async (element) => {
    const script = document.createElement("script");
    script.textContent = await unpacked(element).text();
    document.head.append(script);
    script.remove();
  };

  try {
    await (page.waiting[mark] ??= run(root.querySelector(".lab-code")));
    await page.scripts[mark](root, { page, unpacked, run });
  } catch (error) {
    root.classList.add("lab-failed");
    console.error("The picture could not be drawn; its text form is shown instead.", error);
  }
})(document.currentScript.parentElement, "MARK");
