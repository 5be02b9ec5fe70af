// Brings BokehJS into the page, once for all pictures of the page, and then presses a hidden button: the kernel waits for
// that before it sends a figure, since a figure that arrives before BokehJS stays broken.
(async (root, version, name) => {
  const libraries = window.__lab?.libraries ?? (window.__labLibraries ??= {}); // the finished pictures' own, if there

  const unpack = async (element) => {
    const bytes = Uint8Array.from(atob(element.textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };

  const library = () => {
    if (window.Bokeh?.[version]) return window.Bokeh[version];
    return (libraries[version] ??= unpack(root.querySelector(".lab-library")).then((code) => {
      const script = document.createElement("script");
      script.textContent = code;
      document.head.append(script);
      script.remove();
      return window.Bokeh[version];
    }));
  };

  // The button is a widget of its own and may appear later than this script, or, in a page that shows a copy, twice.
  const button = (tries) => {
    const found = document.querySelector(`button.${name}`);
    if (found) found.click();
    else if (tries > 0) setTimeout(() => button(tries - 1), 100);
  };

  try {
    await library();
    button(300);
  } catch (error) {
    console.error("BokehJS could not be loaded, so the picture does not grow; it is drawn when the run ends.", error);
  }
})(document.currentScript.parentElement, "VERSION", "NAME");
