// Saving the picture as a file, or to the clipboard: made in the page, with no kernel and no network.
({ one, draw, clock }) => {
  const LARGEST = 16_000; // pixels of a canvas that every browser has
  let light = false;
  const say = (text) => { one(".lab-saved").textContent = text; };

  const named = (ending) => {
    const words = one(".lab-name").textContent.toLowerCase().replace(/[^\p{Letter}\p{Number}]+/gu, "-").replace(/^-+|-+$/g, "");
    return `${words.slice(0, 60) || "picture"}.${ending}`;
  };

  const svg = (onLight = light) => draw(onLight).svg;
  const png = async (onLight = light, sharpness = 2) => {
    const drawn = draw(onLight);
    const scale = Math.min(sharpness, LARGEST / drawn.width, LARGEST / drawn.height);
    const image = new Image(drawn.width, drawn.height);
    const address = URL.createObjectURL(new Blob([drawn.svg], { type: "image/svg+xml" }));
    try {
      image.src = address;
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(drawn.width * scale);
      canvas.height = Math.round(drawn.height * scale);
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      return await new Promise((done) => canvas.toBlob(done, "image/png"));
    } finally {
      URL.revokeObjectURL(address);
    }
  };

  const download = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    say(`saved ${name}`);
  };

  const copy = async () => {
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": png() })]);
      say("copied");
    } catch {
      say("this browser does not let a page copy pictures: save it as PNG instead");
    }
  };

  const bytes = async (blob) => {
    const reader = new FileReader();
    const read = new Promise((done) => { reader.onload = done; });
    reader.readAsDataURL(blob);
    await read;
    return reader.result.slice(reader.result.indexOf(",") + 1);
  };

  return {
    actions: {
      copy,
      svg: () => download(new Blob([svg()], { type: "image/svg+xml" }), named("svg")),
      png: async () => download(await png(), named("png")),
      light: () => {
        light = !light;
        one("[data-do=light]").setAttribute("aria-pressed", String(light));
      },
    },
    // For whoever drives this page: the picture at a moment, as text, or as bytes in base64.
    take: async ({ kind, light: onLight, sharpness, at_ns: at }) => {
      for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame); // until all is laid out
      if (at !== null) clock?.go(at);
      return kind === "svg" ? svg(onLight) : bytes(await png(onLight, sharpness));
    },
  };
}
