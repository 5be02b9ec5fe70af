// Brings BokehJS into the page, once for all pictures of the page, and then writes into a hidden field: the kernel waits
// for that before it sends a figure, since a figure that arrives before BokehJS stays broken.
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

  // Say who this page is, until the kernel says it back: a field may appear later than this script, and what is written
  // before its widget is connected is lost.
  const me = (window.__labPage ??= Math.random().toString(36).slice(2));
  const greet = (tries) => {
    const field = document.querySelector(`.${name} input`);
    if (field?.placeholder === me || tries > 120) return;
    if (field) {
      field.value = `${me} ${tries}`;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    setTimeout(() => greet(tries + 1), field ? 1000 : 200);
  };

  try {
    await library();
    greet(0);
  } catch (error) {
    console.error("BokehJS could not be loaded, so the picture does not grow; it is drawn when the run ends.", error);
  }
})(document.currentScript.parentElement, "VERSION", "NAME");
