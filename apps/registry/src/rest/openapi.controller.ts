import { Controller, Get, Injectable } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';

/** Holds the document, which can only be made once the application stands. */
@Injectable()
export class ApiDocument {
  value: OpenAPIObject | undefined;
}

/** The API's description is no secret: it needs no token. */
@ApiExcludeController()
@Controller('-/api/v1/openapi.json')
export class OpenApiController {
  constructor(private readonly document: ApiDocument) {}

  @Get()
  show(): OpenAPIObject | undefined {
    return this.document.value;
  }
}
