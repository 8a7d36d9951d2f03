/** What the Xima side is set up with, under the guide's own names. */
export interface IntegrationBundle {
  readonly domain: string;
  readonly sip_proxy_server_host: string;
  readonly sip_proxy_server_port: number;
  readonly api_url: string;
  readonly api_client_id: string;
  /** Absent only after a failure: a client was made, and the page did not show its secret. */
  readonly api_client_secret?: string;
  readonly api_username: string;
  readonly api_password: string;
  readonly did?: string;
}
