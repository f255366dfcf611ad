/** What a request asks for of rows: its parameters, without those that it left out. */
export function asked<Query extends object>(query: Query): Asked<Query> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as Asked<Query>;
}

type Asked<Query> = { readonly [Name in keyof Query]?: Exclude<Query[Name], undefined> };
