// The page: pick a store, ask, see the answer arrive sentence by sentence with its quotes.
// Everything that comes from the server is put on the page as text, never as markup.

const TEXTS = {
  en: {
    title: "Ask the store", store: "Store", question: "Your question", send: "Ask",
    placeholder: "Type your question…", other: "中文", page: "page", source: "Quoted from",
    welcome: "Answers come from the store's own documents, each with the exact quote. If the documents don't say, neither does the answer.",
    nothing: "no store yet", upload: "For merchants: add documents", uploadStore: "Store",
    uploadFile: "Files", uploadSend: "Upload", failed: "That didn't work: ",
    noStore: "There is no store yet. Add documents below to make one.",
    key: "This server needs an API key:",
    states: { queued: "waiting", running: "reading", done: "added", failed: "failed", cancelled: "cancelled" },
  },
  zh: {
    title: "问问小店", store: "商店", question: "您的问题", send: "提问",
    placeholder: "请输入您的问题…", other: "English", page: "第", source: "引自",
    welcome: "答案只来自本店自己的资料，并附上原文。资料里没有说的，我们不会乱答。",
    nothing: "还没有商店", upload: "商家：添加资料", uploadStore: "商店",
    uploadFile: "文件", uploadSend: "上传", failed: "出错了：",
    noStore: "还没有商店。请在下面添加资料，即可建立一个。",
    key: "这台服务器需要 API 密钥：",
    states: { queued: "排队中", running: "处理中", done: "已添加", failed: "失败", cancelled: "已取消" },
  },
};

const find = (id) => document.getElementById(id);
let language = navigator.language.startsWith("zh") ? "zh" : "en";
let conversation = null;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function speak() {
  const texts = TEXTS[language];
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const part of document.querySelectorAll("[data-text]")) part.textContent = texts[part.dataset.text];
  document.title = texts.title;
  find("question").placeholder = texts.placeholder;
  find("language").textContent = texts.other;
}

async function problem(response) {
  try {
    return (await response.json()).detail;
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}

// A server that others can reach wants a key; it is kept until the tab is closed.
async function call(path, options = {}) {
  for (;;) {
    const key = sessionStorage.getItem("key");
    const headers = { ...options.headers, ...(key && { Authorization: `Bearer ${key}` }) };
    const response = await fetch(path, { ...options, headers });
    if (response.status !== 401) return response;
    const given = window.prompt(TEXTS[language].key);
    if (!given) return response;
    sessionStorage.setItem("key", given.trim());
  }
}

async function listStores(wanted) {
  const response = await call("/v1/stores");
  const { stores } = response.ok ? await response.json() : { stores: [] };
  const picker = find("store");
  const chosen = wanted || picker.value;
  picker.replaceChildren(...stores.map((name) => element("option", "", name)));
  if (stores.includes(chosen)) picker.value = chosen;
  if (!stores.length) picker.append(new Option(TEXTS[language].nothing, ""));
  find("send").disabled = !stores.length;
  if (!stores.length) find("welcome").textContent = TEXTS[language].noStore;
}

function show(node) {
  find("welcome").hidden = true;
  find("log").append(node);
  node.scrollIntoView({ block: "end" });
  return node;
}

function quote(citation) {
  const item = element("li");
  const texts = TEXTS[language];
  const page = citation.page ? (language === "zh" ? ` · 第 ${citation.page} 页` : ` · page ${citation.page}`) : "";
  const details = element("details");
  details.open = true;
  details.append(element("summary", "", `${texts.source} ${citation.title}${page}`), element("blockquote", "", citation.quote));
  item.append(details);
  return item;
}

function showAnswer(bubble, answer) {
  bubble.className = `message ${answer.status}`;
  bubble.lang = answer.language === "zh" ? "zh-CN" : "en";
  bubble.replaceChildren(element("p", "", answer.answer));
  if (answer.citations.length) {
    const quotes = element("ul", "quotes");
    quotes.append(...answer.citations.map(quote));
    bubble.append(quotes);
  }
  bubble.scrollIntoView({ block: "end" });
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const parts = buffer.split("\n\n");
    buffer = parts.pop();
    for (const part of parts) {
      const name = /^event: (.*)$/m.exec(part);
      const data = /^data: (.*)$/m.exec(part);
      if (name && data) yield [name[1], JSON.parse(data[1])];
    }
  }
}

async function ask(question) {
  show(element("div", "message mine", question));
  const bubble = show(element("div", "message waiting"));
  const text = element("p");
  bubble.append(text);
  try {
    const response = await call(`/v1/stores/${encodeURIComponent(find("store").value)}/ask`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ question, conversation_id: conversation, stream: true }),
    });
    if (!response.ok) throw new Error(await problem(response));
    for await (const [name, data] of events(response)) {
      if (name === "sentence") text.append(element("span", "sentence", `${data.text} `));
      if (name === "error") throw new Error(data.detail);
      if (name === "answer") {
        conversation = data.conversation_id;
        showAnswer(bubble, data);
      }
    }
    if (bubble.classList.contains("waiting")) throw new Error("the connection ended early");
  } catch (error) {
    bubble.className = "message failed";
    bubble.replaceChildren(element("p", "", TEXTS[language].failed + error.message));
  }
}

async function upload(store, file) {
  const line = element("li");
  find("jobs").prepend(line);
  const tell = (state, more = "") => { line.textContent = `${file.name}: ${TEXTS[language].states[state]} ${more}`; };
  tell("queued");
  const body = new FormData();
  body.append("file", file);
  const response = await call(`/v1/stores/${encodeURIComponent(store)}/documents`, { method: "POST", body });
  if (!response.ok) return tell("failed", `— ${await problem(response)}`);
  let job = await response.json();
  while (job.state === "queued" || job.state === "running") {
    tell(job.state, job.chunks_total ? `${job.chunks_done} / ${job.chunks_total}` : "");
    await new Promise((resolve) => setTimeout(resolve, 500));
    const next = await call(`/v1/stores/${encodeURIComponent(store)}/jobs/${job.id}`);
    if (!next.ok) return tell("failed", `— ${await problem(next)}`);
    job = await next.json();
  }
  tell(job.state, job.reason ? `— ${job.reason}` : "");
  await listStores(store);
}

find("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const question = find("question").value.trim();
  if (!question || find("send").disabled) return;
  find("question").value = "";
  find("send").disabled = true;
  await ask(question);
  find("send").disabled = false;
  find("question").focus();
});
find("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    find("ask").requestSubmit();
  }
});
find("upload").addEventListener("submit", async (event) => {
  event.preventDefault();
  for (const file of find("upload-file").files) await upload(find("upload-store").value.trim(), file);
});
find("store").addEventListener("change", () => { conversation = null; });
find("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  speak();
});
speak();
listStores();
