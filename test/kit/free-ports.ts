export { freePorts, takenPorts } from '@mad-group/bus/testing';
