import { PROBLEM_DETAILS_SCHEMA } from '@logfold/nestjs';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** Serves the OpenAPI document of all services, as a page at `/docs` and as JSON at `/docs-json`. */
export function serveOpenApi(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setTitle('Logfold retail example')
    .setDescription('The stock of a retailer: every number is a fold over a log of events.')
    .setVersion('0.1.0')
    .build();
  SwaggerModule.setup('docs', app, () => {
    const document = SwaggerModule.createDocument(app, config);
    const schemas = { ...document.components?.schemas, ProblemDetails: PROBLEM_DETAILS_SCHEMA };
    return { ...document, components: { ...document.components, schemas } };
  });
}
