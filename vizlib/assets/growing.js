// Runs in the page whenever the figure's data have come from the kernel.
// jupyter_bokeh tells the kernel of every change in the page, also of those that the kernel has just sent.  We listen to
// nothing of that, so nothing is to be told.
const mine = cb_obj.document;
const listeners = [...mine._callbacks.keys()];
for (const listener of listeners) mine.remove_on_change(listener);

// The first time: put away figures of runs that have ended, which a closed widget leaves in the page.  JupyterLab takes
// outputs out of the page while they are scrolled away, but those stay within their output area.
const isGone = ({ el }) => !el.isConnected && !el.closest(".jp-OutputArea");
if (listeners.length) {
  for (const other of [...Bokeh.documents]) {
    const views = other.views_manager?.roots ?? [];
    if (other === mine || !views.length || !views.every((view) => view.model.name === "live" && isGone(view))) continue;
    other.views_manager.clear();
    other.clear();
    Bokeh.documents.splice(Bokeh.documents.indexOf(other), 1);
  }
}
