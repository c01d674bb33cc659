// Behaviours bind to the document by data- attributes, so that swapped-in fragments need nothing.
import "./strip.js";
import "./network.js";
import "./keys.js";
import "./live.js";
import "./write.js";
import "./roving.js";
import "./playground.js";
import "./tokens.js";
import "./continue.js";
import "./sweep.js";
import "./together.js";
import "./decide.js";
