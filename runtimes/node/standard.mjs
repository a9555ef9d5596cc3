class PaymentFailed extends Error {
  constructor(card) {
    super(`card ${card} was declined`);
    this.name = "PaymentFailed";
    this.card = card;
  }
}

const cases = {
  levels() {
    console.trace("every step");
    console.debug("cache is empty");
    console.info("order %d accepted", 17);
    console.log("order delivered");
    console.warn("stock is low");
    console.error("payment failed");
    console.fatal("database is gone");
  },
  misleading() {
    console.info("ERROR is what the customer wrote");
    console.error("INFO was what the supplier answered");
  },
  multiline() {
    console.info("first line\nsecond line\n  third line");
  },
  objects() {
    console.log({ order: 17, customer: { id: "c1", tags: ["a", "b"] } });
    console.log("order", { id: 17 });
  },
  empty() {
    console.log("");
    console.log(undefined);
    console.log(null);
  },
  nan() {
    console.log({ mean: NaN });
    console.log("mean is", NaN);
  },
  logged_json() {
    console.log(JSON.stringify({ level: "error", message: "payment failed", order: 17 }));
    console.error(JSON.stringify({ level: "info", message: "all is well" }));
  },
  logged_error() {
    console.error(new PaymentFailed(4));
    console.error("order 17 failed", new TypeError("no price"));
    console.warn("a retry follows", new PaymentFailed(5));
  },
  logged_cause() {
    console.error("order 17 failed", new Error("could not charge", { cause: new PaymentFailed(6) }));
  },
  raised() {
    throw new PaymentFailed(7);
  },
  raised_builtin() {
    return undefined.price;
  },
  raised_multiline() {
    throw new Error("bad input:\n  line 2\n  line 3");
  },
  raised_text() {
    throw "only a text";
  },
  raised_cause() {
    throw new Error("could not charge", { cause: new PaymentFailed(8) });
  },
  raised_aggregate() {
    throw new AggregateError([new Error("first"), new TypeError("second")], "two orders failed");
  },
  stdout_line() {
    process.stdout.write("plain words\n");
    process.stdout.write("two\nlines\n");
  },
  stdout_json() {
    process.stdout.write(JSON.stringify({ level: "error", message: "written by hand", order: 17 }) + "\n");
  },
  exits() {
    process.exit(3);
  },
  async rejected_elsewhere() {
    Promise.reject(new PaymentFailed(9));
    await new Promise((resolve) => setTimeout(resolve, 500));
  },
  async thrown_elsewhere() {
    setTimeout(() => {
      throw new PaymentFailed(10);
    }, 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
  },
};

export async function handler(event) {
  return cases[event.case]();
}
