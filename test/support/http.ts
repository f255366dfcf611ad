/** What a request was answered: the status, and the body as JSON. */
export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: any;
}

/** GETs JSON. */
export function get(url: string): Promise<Answer> {
  return answer(fetch(url));
}

/** POSTs JSON. */
export function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return answer(
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  );
}

async function answer(request: Promise<Response>): Promise<Answer> {
  const response = await request;
  return { status: response.status, type: response.headers.get('content-type'), body: await response.json() };
}
