import { databaseContract } from '@logfold/testing/conformance';
import { openShop } from './support/shop.js';

databaseContract('Postgres', openShop);
