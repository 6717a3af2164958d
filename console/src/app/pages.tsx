import { useMemo } from 'react';
import { Route, Routes, useParams } from 'react-router';
import { Link } from '../components/link.tsx';
import { Loading, Notice } from '../components/notice.tsx';
import { PageHeader } from '../components/page-header.tsx';
import { useText } from '../i18n/text.ts';
import { discoveredView } from '../kinds/others.tsx';
import type { KindView } from '../kinds/view.ts';
import { isViewId, views } from '../kinds/views.ts';
import { eventsView } from '../pages/events/events-view.tsx';
import { ExplorerPage, useDiscovery } from '../pages/explorer/explorer-page.tsx';
import { ListPage } from '../pages/list/list-page.tsx';
import { ObjectPage } from '../pages/object/object-page.tsx';
import { OverviewPage } from '../pages/overview/overview-page.tsx';

export function Pages() {
  return (
    <Routes>
      <Route path="/" element={<OverviewPage />} />
      <Route path="/explorer" element={<ExplorerPage />} />
      <Route path="/explorer/:group/:version/:resource" element={<ExplorerKind />} />
      <Route path="/explorer/:group/:version/:resource/:first" element={<ExplorerKind />} />
      <Route path="/explorer/:group/:version/:resource/:first/:second" element={<ExplorerKind />} />
      <Route path="/:kind" element={<Kind />} />
      <Route path="/:kind/:first" element={<Kind />} />
      <Route path="/:kind/:first/:second" element={<Kind />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

function Kind() {
  const { kind } = useParams();
  if (kind === 'events') return <KindPages view={eventsView as KindView} />;
  return isViewId(kind) ? <KindPages view={views[kind]} /> : <NotFound />;
}

function ExplorerKind() {
  const { group, version, resource } = useParams();
  const { data, isPending } = useDiscovery();
  const served = data?.find(
    (one) => (one.group || 'core') === group && one.version === version && one.resource === resource,
  );
  const view = useMemo(() => served && discoveredView(served), [served]);
  if (isPending) return <Loading />;
  return view === undefined ? <NotFound /> : <KindPages view={view} />;
}

/** The list of a kind, or one of its objects: `/namespace/name`, or `/name` in the cluster's scope. */
function KindPages({ view }: { view: KindView }) {
  const { first, second } = useParams();
  const { namespaced } = view.resource;
  const name = namespaced ? second : first;
  if (first === undefined) return <ListPage key={view.path} view={view} />;
  if (name === undefined || (!namespaced && second !== undefined)) return <NotFound />;
  return (
    <ObjectPage
      key={`${view.path} ${first} ${name}`}
      view={view}
      namespace={namespaced ? first : undefined}
      name={name}
    />
  );
}

function NotFound() {
  const { t } = useText();
  return (
    <>
      <PageHeader title={t('app.notFound.title')} text={t('app.notFound.title')} />
      <Notice title={t('app.notFound.next')} action={<Link to="/">{t('app.toOverview')}</Link>} />
    </>
  );
}
