import { Product, Sku } from '@logfold-example/contracts';
import {
  ApiProblems,
  ApiWaitsForPosition,
  asked,
  commandRoute,
  PageLimit,
  streamChanged,
} from '@logfold-example/hosting';
import type { Handled, HandlerOf, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel } from '@logfold/nestjs';
import { Body, Controller, Get, NotFoundException, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ProductCommands, ProductEntry, ProductSchemas } from './product.js';
import { Products } from './products.js';

type Row = z.infer<typeof Product>;

const sku = { sku: true } as const;
const Added = ProductSchemas.AddProduct.strict().meta({ id: 'AddProduct' });
const Price = ProductSchemas.ChangePrice.omit(sku).strict().meta({ id: 'ChangePrice' });
const Policy = ProductSchemas.SetStockPolicy.omit(sku).strict().meta({ id: 'SetStockPolicy' });
const Changed = streamChanged('ProductChanged');
const Page = z.object({
  limit: PageLimit,
  status: Product.shape.status.optional(),
  after: Sku.transform((sku) => ({ sku })).optional(),
});

const ProductCommand = commandRoute(Changed);

/** What is sold: HTTP in, a command or rows out. */
@ApiTags('catalog')
@Controller('catalog/products')
export class ProductsController {
  constructor(
    @InjectDecider(ProductEntry) private readonly entry: HandlerOf<typeof ProductEntry>,
    @InjectReadModel(Products) private readonly products: RowsOf<typeof Products>,
  ) {}

  @Get()
  @ApiProblems(400, 503)
  @ApiWaitsForPosition()
  @ApiOperation({ summary: 'Products, by their numbers' })
  @ApiOkResponse({ standardSchema: z.array(Product) })
  all(@Query({ schema: Page }) { limit, after, ...query }: z.output<typeof Page>): Promise<readonly Row[]> {
    return this.products.findMany(asked(query), { limit, after });
  }

  @Get(':sku')
  @ApiProblems(400, 404, 503)
  @ApiWaitsForPosition()
  @ApiOperation({ summary: 'A product: its name, its price, whether it is on sale' })
  @ApiOkResponse({ standardSchema: Product })
  async one(@Param('sku', { schema: Sku }) wanted: string): Promise<Row> {
    const product = await this.products.find({ sku: wanted });
    if (!product) throw new NotFoundException(`There is no product ${wanted}`);
    return product;
  }

  @ProductCommand('', 'A product is sold from now on')
  add(@Body({ schema: Added }) body: z.output<typeof Added>): Promise<Handled> {
    return this.entry.handle(ProductCommands.AddProduct(body));
  }

  @ProductCommand(':sku/price', 'It costs something else from now on')
  price(
    @Param('sku', { schema: Sku }) wanted: string,
    @Body({ schema: Price }) body: z.output<typeof Price>,
  ): Promise<Handled> {
    return this.entry.handle(ProductCommands.ChangePrice({ ...body, sku: wanted }));
  }

  @ProductCommand(':sku/stock-policy', 'So many pieces are bought at a time from now on')
  policy(
    @Param('sku', { schema: Sku }) wanted: string,
    @Body({ schema: Policy }) body: z.output<typeof Policy>,
  ): Promise<Handled> {
    return this.entry.handle(ProductCommands.SetStockPolicy({ ...body, sku: wanted }));
  }

  @ProductCommand(':sku/discontinue', 'It is sold while there are pieces, and not bought again')
  discontinue(@Param('sku', { schema: Sku }) wanted: string): Promise<Handled> {
    return this.entry.handle(ProductCommands.Discontinue({ sku: wanted }));
  }
}
