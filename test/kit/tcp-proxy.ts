export { type Direction, startTcpProxy, type TcpProxy } from '@mad-group/bus/testing';
