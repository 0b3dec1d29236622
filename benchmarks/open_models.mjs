// Runs a TensorFlow.js graph model on pictures: node open_models.mjs PACKAGES MODEL PICTURES ANSWERS SIDE CHANNELS
// PICTURES: float32, one after the other; ANSWERS: JSON, of each output one list a picture.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const [packages, model, pictures, answers, sideText, channelsText] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(packages), "package.json"));
const tf = require("@tensorflow/tfjs-core");
const { loadGraphModel } = require("@tensorflow/tfjs-converter");
const wasm = require("@tensorflow/tfjs-backend-wasm");

wasm.setWasmPaths(path.join(packages, "node_modules/@tensorflow/tfjs-backend-wasm/dist/"));
await tf.setBackend("wasm");
const graph = JSON.parse(fs.readFileSync(model));
const weights = fs.readFileSync(model.replace(/json$/, "bin"));
const network = await loadGraphModel({
  load: async () => ({
    modelTopology: graph.modelTopology,
    signature: graph.signature,
    weightSpecs: graph.weightsManifest.flatMap((part) => part.weights),
    weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength),
  }),
});
const [side, channels] = [Number(sideText), Number(channelsText)];
const bytes = fs.readFileSync(pictures);
const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
const names = network.outputs.map((output) => output.name);
const found = Object.fromEntries(names.map((name) => [name, []]));
const length = side * side * channels;
for (let start = 0; start < values.length; start += length) {
  const input = tf.tensor(values.subarray(start, start + length), [1, side, side, channels]);
  const outputs = [network.execute(input, names)].flat();
  for (const [index, output] of outputs.entries()) {
    found[names[index]].push(Array.from(await output.data()));
    output.dispose();
  }
  input.dispose();
}
fs.writeFileSync(answers, JSON.stringify(found));
