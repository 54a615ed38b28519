/** A parsed `q` of Bitbucket's query language. */
export type Operator = '=' | '!=' | '~' | '!~' | '>' | '>=' | '<' | '<=';
export type Scalar = string | number | boolean | null | Date;

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'compare'; readonly field: string; readonly operator: Operator; readonly value: Scalar }
  | {
      readonly kind: 'in';
      readonly field: string;
      readonly negated: boolean;
      readonly values: readonly Scalar[];
    };

/** Every field that the expression asks about. */
export function fieldsOf(expression: Expression): string[] {
  if ('left' in expression) {
    return [...fieldsOf(expression.left), ...fieldsOf(expression.right)];
  }
  return [expression.field];
}
