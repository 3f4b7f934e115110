import { Component, h, type ComponentChildren, type FunctionComponent } from 'preact';

/** Draws again only when one of its properties is another. (The one of preact/compat brings all of compat into the first screen.) */
export function memo<P extends object>(Shown: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return isOther(this.props, next) || isOther(next, this.props);
    }

    override render(): ComponentChildren {
      return h(Shown, this.props);
    }
  }
  return Memo as unknown as FunctionComponent<P>;
}

function isOther(a: object, b: object): boolean {
  for (const name in a) if (Reflect.get(a, name) !== Reflect.get(b, name)) return true;
  return false;
}
