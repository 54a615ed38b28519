import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, NotFoundException, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { findAsset } from '@antipode/web-pages';

/** The pages' stylesheet, script and icon. */
@ApiExcludeController()
@Controller('-/assets')
export class AssetsController {
  @Get(':name')
  show(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    const asset = findAsset(request.url?.split('?', 1)[0] ?? '');
    if (!asset) throw new NotFoundException();
    response.writeHead(200, {
      'content-type': asset.type,
      'content-length': asset.body.length,
      'cache-control': asset.cache,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
    });
    response.end(asset.body);
  }
}
