export { startTcpProxy, type TcpProxy } from '@mad-group/bus/testing';
