// What the scripts share: they run scenarios, and print as JSON what each of them gives.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { WebSocket } from "ws";

// Browsers have it, and so has Node.js from 22 on.
globalThis.WebSocket ??= WebSocket;

export const given = JSON.parse(process.env.GIVEN);

/** A file of docs/clients.md, as it is for this gateway. */
export const snippet = (gateway, file) =>
  import(pathToFileURL(path.join(process.env.FOLDER, gateway, file)));

export const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** The items of an async iterable; leaves after as many as `most`. */
export async function collect(iterable, most = Infinity) {
  const items = [];
  for await (const item of iterable) {
    items.push(item);
    if (items.length >= most) break;
  }
  return items;
}

/** What an observable gives until it completes: its values, and the error that ends it. */
export const observe = (observable, told = String) =>
  new Promise((done) => {
    const values = [];
    observable.subscribe({
      next: (value) => values.push(value),
      error: (error) => done({ values, error: told(error) }),
      complete: () => done({ values }),
    });
  });

/** The error that a promise is rejected with. */
export const rejection = (promise) =>
  promise.then(
    () => {
      throw new Error("it was not rejected");
    },
    (error) => error,
  );

/** `fetch` that notes each request: its method, headers, body, and the answer's status and type. */
export function watched(requests) {
  return async (url, options) => {
    const request = {
      method: options.method ?? "GET",
      headers: Object.fromEntries(new Headers(options.headers)),
      body: options.body ? JSON.parse(options.body) : null,
    };
    requests.push(request);
    const response = await fetch(url, options);
    request.status = response.status;
    request.type = response.headers.get("content-type");
    return response;
  };
}

export async function run(scenarios) {
  const outcomes = {};
  for (const [name, scenario] of Object.entries(scenarios)) {
    try {
      outcomes[name] = { value: (await scenario()) ?? null };
    } catch (error) {
      outcomes[name] = { error: error?.stack ?? String(error) };
    }
  }
  await new Promise((done) => process.stdout.write(JSON.stringify(outcomes), done));
  process.exit(0);
}
