export { freePorts } from '@mad-group/bus/testing';
