import { PROBLEM_DETAILS_SCHEMA } from '@logfold/nestjs';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** What an OpenAPI document says of its application. */
export interface ApiTitle {
  readonly title: string;
  readonly description: string;
}

/** Serves the OpenAPI document of an application, as a page at `/docs` and as JSON at `/docs-json`. */
export function serveOpenApi(app: INestApplication, { title, description }: ApiTitle): void {
  const config = new DocumentBuilder()
    .setTitle(title)
    .setDescription(description)
    .setVersion('0.1.0')
    .addBearerAuth()
    .build();
  SwaggerModule.setup('docs', app, () => {
    const document = SwaggerModule.createDocument(app, config);
    const schemas = { ...document.components?.schemas, ProblemDetails: PROBLEM_DETAILS_SCHEMA };
    return { ...document, paths: ofClients(document.paths), components: { ...document.components, schemas } };
  });
}

/** Without the routes of health, which are for what runs the process and not for its clients. */
function ofClients(paths: OpenAPIObject['paths']): OpenAPIObject['paths'] {
  return Object.fromEntries(Object.entries(paths).filter(([path]) => !path.startsWith('/health')));
}
