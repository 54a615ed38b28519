/** For pg: unqualified names mean this schema. Each service has its own, and nobody reads another's. */
export const schemaOptions = (schema: string): { readonly options: string } => ({
  options: `-c search_path=${schema}`,
});
