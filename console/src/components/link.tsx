import type { ReactNode } from 'react';
import { Link as RouterLink, useSearchParams } from 'react-router';
import { type ObjectReference, pathOfReference } from '../kinds/reference.ts';
import styles from './link.module.css';
import { MiddleCut } from './middle-cut.tsx';

/** The chosen namespace, which stands in the address so that a link shows others the same. */
export function useNamespace(): { namespace: string | undefined; choose: (namespace: string | undefined) => void } {
  const [search, setSearch] = useSearchParams();
  const choose = (namespace: string | undefined) => {
    setSearch((present) => {
      const next = new URLSearchParams(present);
      if (namespace === undefined) next.delete('ns');
      else next.set('ns', namespace);
      return next;
    });
  };
  return { namespace: search.get('ns') ?? undefined, choose };
}

/** An address of the console with the chosen namespace kept. */
export function useAddress(): (path: string) => string {
  const { namespace } = useNamespace();
  return (path) => {
    if (namespace === undefined) return path;
    return `${path}${path.includes('?') ? '&' : '?'}ns=${encodeURIComponent(namespace)}`;
  };
}

export function Link({ to, children, className }: { to: string; children: ReactNode; className?: string | undefined }) {
  const address = useAddress();
  return (
    <RouterLink to={address(to)} className={className}>
      {children}
    </RouterLink>
  );
}

/** The name of an object that another one speaks of, as a link where the console has a page for it. */
export function ReferenceLink({ reference, withKind = true }: { reference: ObjectReference; withKind?: boolean }) {
  const path = pathOfReference(reference);
  const name = reference.name ?? '';
  return (
    <span className={`mono ${styles.reference}`}>
      {withKind && reference.kind !== undefined && <span className={styles.kind}>{reference.kind}/</span>}
      {path === undefined ? (
        <MiddleCut text={name} />
      ) : (
        <Link to={path} className={styles.link}>
          <MiddleCut text={name} />
        </Link>
      )}
    </span>
  );
}
