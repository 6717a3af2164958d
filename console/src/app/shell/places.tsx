import { NavLink } from 'react-router';
import { useAddress } from '../../components/link.tsx';
import { useText } from '../../i18n/text.ts';
import { kinds } from '../../kinds/resources.ts';
import { useDiscovery } from '../../pages/explorer/explorer-page.tsx';
import { navigation, type Place } from './navigation.ts';
import styles from './shell.module.css';

export function Navigation({ open }: { open: boolean }) {
  const { t } = useText();
  const address = useAddress();
  const { data } = useDiscovery();
  const isServed = ({ resource }: Place) => {
    if (resource === undefined || data === undefined) return true;
    const wanted = kinds[resource];
    return data.some((one) => one.resource === wanted.resource && one.group === wanted.group);
  };
  return (
    <nav className={`${styles.nav} ${open ? styles.open : ''}`} aria-label={t('nav.label')}>
      {navigation.map(({ label, places }) => {
        const served = places.filter(isServed);
        if (served.length === 0) return null;
        return (
          <div key={label ?? 'first'}>
            {label !== undefined && <p className={styles.group}>{t(label)}</p>}
            <ul>
              {served.map((place) => (
                <li key={place.to}>
                  <NavLink to={address(place.to)} end={place.to === '/'} className={styles.place ?? ''}>
                    {t(place.label)}
                  </NavLink>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}
