// Behaviours bind to the document by data- attributes, so that swapped-in fragments need nothing.
import "./strip.js";
import "./network.js";
import "./keys.js";
import "./live.js";
import "./write.js";
